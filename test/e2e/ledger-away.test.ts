/** The ledger's file cannot be written for a while: senders are told to come back, and nobody else suffers. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, expect, it } from 'vitest';
import { digest, type Gateway, startGateway } from '../support/gateway.ts';
import { poll } from '../support/long-poll-client.ts';
import { openSse, type SseClient } from '../support/sse-client.ts';
import { of } from '../support/stream-client.ts';

const folder = mkdtempSync(join(tmpdir(), 'manifeed-away-'));
const path = join(folder, 'manifeed.db');
let gateway: Gateway;
let client: SseClient;

afterAll(async () => {
  client?.close();
  await gateway?.close();
  rmSync(folder, { recursive: true, force: true });
});

function deliver(tag: string): Promise<Response> {
  return fetch(`${gateway.url}/v1/hooks/publish`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ reference: `nginx:${tag}`, digest: digest(tag) }),
  });
}

it('G11: a webhook gets 503 while the ledger cannot write, and the gateway lives on', async () => {
  gateway = await startGateway({ ledger: `sqlite:${path}` });
  client = await openSse(gateway.port, { repository: 'nginx' });
  await client.inbox.until(of('ready'));
  const other = new Database(path);
  other.exec('BEGIN IMMEDIATE');

  const refused = await deliver('1');
  expect(refused.status).toBe(503);
  expect(refused.headers.get('retry-after')).toMatch(/^\d+$/);
  expect(await refused.json()).toMatchObject({ errors: [{ code: 'UNAVAILABLE' }] });
  expect((await poll(gateway.port, '/readyz')).status).toBe(503);
  expect((await poll(gateway.port, '/healthz')).status).toBe(200);
  // Reading goes on, and so do new subscriptions.
  expect((await poll(gateway.port, '/v2/updates?repository=nginx')).status).toBe(200);
  const late = await openSse(gateway.port, { repository: 'nginx', snapshot: 'true' });
  await late.inbox.until(of('ready'));
  late.close();

  other.exec('ROLLBACK');
  other.close();
  const taken = await deliver('1');
  expect(taken.status).toBe(202);
  await taken.text();
  expect((await client.inbox.until(of('change'))).change).toMatchObject({ tag: '1', type: 'tag.created' });
  expect((await poll(gateway.port, '/readyz')).status).toBe(200);
});
