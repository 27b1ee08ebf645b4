/** What becomes of a gateway and its subscribers when somebody lays hands on the ledger's file. */
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { digest, type GatewayProcess, publish, spawnGateway } from '../support/gateway.ts';
import { poll } from '../support/long-poll-client.ts';
import { openSse } from '../support/sse-client.ts';
import { of } from '../support/stream-client.ts';

let folder: string;
let path: string;
const gateways: GatewayProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'manifeed-trust-'));
  path = join(folder, 'manifeed.db');
});
afterEach(async () => {
  for (const gateway of gateways.splice(0)) await gateway.stop('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

async function start(): Promise<GatewayProcess> {
  const gateway = await spawnGateway({ settings: { ledger: `sqlite:${path}` } });
  gateways.push(gateway);
  return gateway;
}

async function push(port: number, prefix: string, count: number): Promise<void> {
  const entries = Array.from({ length: count }, (_, n) => ({
    reference: `r.test/team/app:${prefix}${n}`,
    digest: digest(`${prefix}${n}`),
  }));
  await publish(port, entries);
}

const statusOf = async (port: number, path: string) => (await poll(port, path)).status;

async function positionAt(port: number): Promise<string> {
  const probe = await openSse(port);
  const { position } = await probe.inbox.until(of('ready'));
  probe.close();
  return position;
}

it('G5: a backup copied into place by hand: a subscriber from before is reset, however far it gets again', async () => {
  const first = await start();
  await push(first.port, 'a', 100);
  await first.stop('SIGTERM');
  copyFileSync(path, `${path}.backup`);
  const second = await start();
  await push(second.port, 'b', 110);
  const position = await positionAt(second.port);
  await second.stop('SIGTERM');
  for (const suffix of ['-wal', '-shm']) rmSync(path + suffix, { force: true });
  copyFileSync(`${path}.backup`, path);

  const third = await start();
  await push(third.port, 'c', 150);
  const client = await openSse(third.port, { after: position });
  expect(await client.inbox.until(of('reset'))).toMatchObject({ reason: 'epoch' });
  client.close();
  expect(await statusOf(third.port, `/v2/updates?repository=r.test/team/app&after=${position}`)).toBe(410);
  expect(third.output()).toContain('ledger goes on under a new epoch');
});

it('G5: changes that are missing: reset continuity-lost, or 410, and never what follows them', async () => {
  const first = await start();
  await push(first.port, 'a', 3_000);
  const position = await positionAt(first.port);
  await first.stop('SIGTERM');
  const db = new Database(path);
  db.exec('DELETE FROM change WHERE sequence BETWEEN 1000 AND 1010');
  db.close();
  const second = await start();
  const [epoch] = position.split('-');
  const client = await openSse(second.port, { after: `${epoch}-900` });
  const sequences: number[] = [];
  for (;;) {
    const message = await client.inbox.until(({ kind }) => kind === 'change' || kind === 'reset');
    if (message.kind === 'reset') {
      expect(message).toMatchObject({
        reason: 'continuity-lost',
        position: `${epoch}-3000`,
        floor: `${epoch}-1010`,
      });
      break;
    }
    if (message.kind === 'change') sequences.push(Number(message.change.position.split('-')[1]));
  }
  client.close();
  expect(sequences).toEqual(Array.from({ length: 99 }, (_, n) => 901 + n));
  expect(await statusOf(second.port, `/v2/updates?repository=r.test/team/app&after=${epoch}-999`)).toBe(410);
  expect(await statusOf(second.port, '/readyz')).toBe(200);
});

it('G11: two gateways on one file, after its lock was deleted: never do both acknowledge', async () => {
  const first = await start();
  await push(first.port, 'a', 1);
  rmSync(`${path}.lock`);
  const second = await start();
  await push(second.port, 'b', 5);
  await expect(push(first.port, 'c', 1)).rejects.toThrow(/503.*lock file/);
  expect(await statusOf(first.port, '/readyz')).toBe(503);
  expect(await statusOf(second.port, '/readyz')).toBe(200);
  expect(await positionAt(second.port)).toMatch(/-6$/);
});

it('G11: a file that is overwritten under a running gateway: 503, and a new epoch afterwards', async () => {
  const first = await start();
  await push(first.port, 'a', 500);
  await first.stop('SIGTERM');
  copyFileSync(path, `${path}.backup`);
  const second = await start();
  await push(second.port, 'b', 500);
  await second.stop('SIGTERM');
  const third = await start();
  await push(third.port, 'c', 1);
  const position = await positionAt(third.port);
  copyFileSync(`${path}.backup`, path);
  await expect(push(third.port, 'd', 1)).rejects.toThrow(
    /503.*overwritten by another program.*restore a backup/,
  );
  expect(await statusOf(third.port, '/readyz')).toBe(503);
  await third.stop('SIGKILL');
  copyFileSync(`${path}.backup`, path);
  for (const suffix of ['-wal', '-shm']) rmSync(path + suffix, { force: true });
  const fourth = await start();
  expect((await positionAt(fourth.port)).split('-')[0]).not.toBe(position.split('-')[0]);
});
