// @needs docker-registry
/** The real `docker-registry` notifies the real gateway process, and subscribers of every kind see it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  type DockerRegistry,
  ociIndex,
  ociManifest,
  startDockerRegistry,
} from '../support/docker-registry.ts';
import { freePort } from '../support/free-port.ts';
import { digest, type GatewayProcess, spawnGateway } from '../support/gateway.ts';
import { openLongPoll } from '../support/long-poll-client.ts';
import { openSse } from '../support/sse-client.ts';
import { of, type StreamClient } from '../support/stream-client.ts';
import { openWebSocket } from '../support/websocket-client.ts';

const hookToken = 'hook-token-of-the-registry';
const accessToken = 'access-token-of-everybody';
const folder = mkdtempSync(join(tmpdir(), 'manifeed-e2e-'));
let registry: DockerRegistry;
let gateway: GatewayProcess;
const clients: [string, StreamClient][] = [];

beforeAll(async () => {
  const port = await freePort();
  registry = await startDockerRegistry({
    notifications: [
      {
        name: 'manifeed',
        url: `http://127.0.0.1:${port}/v1/hooks/local`,
        headers: { Authorization: `Bearer ${hookToken}` },
      },
    ],
  });
  gateway = await spawnGateway({
    port,
    settings: {
      ledger: `sqlite:${join(folder, 'manifeed.db')}`,
      webhooks: [{ name: 'local', kind: 'distribution', registry: registry.host, token: hookToken }],
      access: [{ name: 'everybody', sha256: digest(accessToken).slice(7) }],
      log: { level: 'debug' },
    },
  });
  const params = { repository: `${registry.host}/team/**`, type: '*' };
  const options = { token: accessToken };
  const socket = await openWebSocket(port, options);
  await socket.subscribe(params);
  clients.push(['SSE', await openSse(port, params, options)]);
  clients.push(['WebSocket', socket]);
  clients.push(['long-poll', await openLongPoll(port, params, options)]);
  for (const [, client] of clients) await client.inbox.until(of('ready'));
});

afterAll(async () => {
  for (const [, client] of clients) client.close();
  await gateway?.stop('SIGKILL');
  await registry?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** The next change at every subscriber; it must be the same for all. */
async function seenByAll(): Promise<Record<string, unknown>> {
  const seen = await Promise.all(
    clients.map(async ([name, client]) => {
      const { change } = await client.inbox.until(of('change'));
      // Long-poll names the time once more.
      const { timestamp: _, ...rest } = { timestamp: null, ...change };
      return [name, rest] as const;
    }),
  );
  const [first] = seen;
  for (const [name, change] of seen) expect(change, name).toEqual(first?.[1]);
  return first?.[1] ?? {};
}

it('G1: what is pushed, moved and deleted at a real registry reaches SSE, WebSocket and long-poll', async () => {
  const one = await registry.push('team/app', '1.0', 'one');
  const common = { registry: registry.host, repository: 'team/app', origin: 'webhook:local' };
  expect(await seenByAll()).toMatchObject({
    ...common,
    type: 'tag.created',
    tag: '1.0',
    digest: one.digest,
    previousDigest: null,
    mediaType: ociManifest,
    size: one.size,
  });

  const two = await registry.push('team/app', '1.0', 'two');
  expect(await seenByAll()).toMatchObject({
    ...common,
    type: 'tag.updated',
    tag: '1.0',
    digest: two.digest,
    previousDigest: one.digest,
  });

  const index = await registry.pushIndex('team/app', 'latest', [one, two]);
  expect(await seenByAll()).toMatchObject({
    ...common,
    type: 'tag.created',
    tag: 'latest',
    digest: index.digest,
    mediaType: ociIndex,
  });

  // Pushed again: nothing new, and so nobody hears of it. The next thing seen is the deletion.
  await registry.push('team/app', '1.0', 'two');
  await registry.deleteManifest('team/app', index.digest);
  expect(await seenByAll()).toMatchObject({
    ...common,
    type: 'tag.deleted',
    tag: 'latest',
    digest: null,
    previousDigest: index.digest,
  });
});

it('G15: no token of a webhook or a subscriber is in what the gateway printed', () => {
  expect(gateway.output()).toContain('manifeed is listening');
  for (const token of [hookToken, accessToken]) expect(gateway.output()).not.toContain(token);
});
