// @needs docker-registry
/** Platform filters with the real `docker-registry` and the real gateway process, also over a kill. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type DockerRegistry, type PushedManifest, startDockerRegistry } from '../support/docker-registry.ts';
import { freePort } from '../support/free-port.ts';
import { type Gate, openGate } from '../support/gate.ts';
import { type GatewayProcess, publish, type Settings, spawnGateway } from '../support/gateway.ts';
import { openSse, type SseClient } from '../support/sse-client.ts';
import { of } from '../support/stream-client.ts';

const folder = mkdtempSync(join(tmpdir(), 'manifeed-platforms-'));
const closing: (() => unknown)[] = [];
let registry: DockerRegistry;
let gate: Gate;
let hookPort: number;

beforeAll(async () => {
  hookPort = await freePort();
  const url = `http://127.0.0.1:${hookPort}/v1/hooks/local`;
  registry = await startDockerRegistry({ notifications: [{ name: 'manifeed', url }] });
  closing.unshift(() => registry.close());
  gate = await openGate(registry.url);
  closing.unshift(() => gate.close());
});

afterAll(async () => {
  for (const close of closing) await close();
  rmSync(folder, { recursive: true, force: true });
});

const registries = (): Settings['registries'] => [
  { host: registry.host, endpoint: gate.url, plainHttp: true, platforms: true, poll: { onDemand: false } },
];

async function start(name: string, settings: Settings, port?: number): Promise<GatewayProcess> {
  const gateway = await spawnGateway({
    settings: { ledger: `sqlite:${join(folder, `${name}.db`)}`, registries: registries(), ...settings },
    ...(port === undefined ? {} : { port }),
  });
  closing.unshift(() => gateway.stop('SIGKILL'));
  return gateway;
}

async function listen(gateway: GatewayProcess, platform: string, since?: string): Promise<SseClient> {
  const client = await openSse(gateway.port, { platform, ...(since === undefined ? {} : { since }) });
  closing.unshift(() => client.close());
  return client;
}

/** Pushes an index of two images, for linux/amd64 and linux/arm64. */
async function pushBoth(repository: string, amd: string, arm: string): Promise<PushedManifest> {
  const images = [];
  for (const [n, content] of [amd, arm].entries())
    images.push(await registry.push(repository, `part-${n}`, content));
  return registry.pushIndex(repository, 'latest', images);
}

/** Digests of the next changes of the tag. */
async function digestsOf(client: SseClient, count: number): Promise<(string | null)[]> {
  const digests: (string | null)[] = [];
  while (digests.length < count) {
    const { change } = await client.inbox.until(of('change'));
    if (change.tag === 'latest') digests.push(change.digest);
  }
  return digests;
}

it('who asks for one platform hears nothing of the other: pushed to a real registry, told by its webhook', async () => {
  const webhooks = [{ name: 'local', kind: 'distribution', registry: registry.host, verify: 'none' }];
  const gateway = await start('first', { webhooks }, hookPort);
  const amd = await listen(gateway, 'linux/amd64');
  const arm = await listen(gateway, 'linux/arm64/v8');
  for (const client of [amd, arm]) await client.inbox.until(of('ready'));
  const created = await pushBoth('team/app', 'amd one', 'arm one');
  const amdMoved = await pushBoth('team/app', 'amd two', 'arm one');
  const armMoved = await pushBoth('team/app', 'amd two', 'arm two');
  expect(await digestsOf(arm, 2)).toEqual([created.digest, armMoved.digest]);
  await registry.deleteManifest('team/app', armMoved.digest);
  expect(await digestsOf(amd, 3)).toEqual([created.digest, amdMoved.digest, null]);
  expect(await digestsOf(arm, 1)).toEqual([null]);
  const indexes = [created, amdMoved, armMoved].map(({ digest }) => digest);
  expect(gate.asked.filter((digest) => indexes.includes(digest))).toEqual(indexes);
  await gateway.stop('SIGKILL');
});

it('what waits for its platforms survives a kill, with its order, the stamp of its arrival and what was learned', async () => {
  const webhooks = [{ name: 'publish', kind: 'manifeed', verify: 'none' }];
  const settings = { webhooks, platforms: { timeout: '1m' } };
  const indexes = [
    await pushBoth('team/killed', 'amd 1', 'arm 1'),
    await pushBoth('team/killed', 'amd 2', 'arm 1'),
    await pushBoth('team/killed', 'amd 2', 'arm 2'),
  ];
  const name = `${registry.host}/team/killed:latest`;
  const [one, two, three] = indexes.map(({ digest }) => ({ reference: name, digest }));
  if (one === undefined || two === undefined || three === undefined)
    throw new Error('push three: must be there');
  const before = gate.asked.length;
  const first = await start('killed', settings);
  await publish(first.port, [one]);
  await gate.reached(before + 1);
  const created = await listen(first, 'linux/arm64', '2020-01-01T00:00:00Z');
  await digestsOf(created, 1);
  gate.shut();
  await publish(first.port, [two]);
  await publish(first.port, [three]);
  await gate.reached(before + 2);
  const killedAt = Date.now();
  await first.stop('SIGKILL');
  gate.open();

  const second = await start('killed', settings);
  const client = await listen(second, 'linux/arm64', '2020-01-01T00:00:00Z');
  await client.inbox.until(of('change'));
  const { change } = await client.inbox.until(of('change'));
  expect(change).toMatchObject({
    ...{ type: 'tag.updated', digest: three.digest, previousDigest: two.digest },
    platforms: { 'linux/amd64': expect.any(String), 'linux/arm64': expect.any(String) },
  });
  const times = { occurredAt: '', recordedAt: '', ...change };
  expect(Date.parse(times.occurredAt)).toBeLessThanOrEqual(killedAt);
  expect(Date.parse(times.recordedAt)).toBeGreaterThanOrEqual(killedAt);
  // Once each, besides the request that the kill cut off; what was learned before it is still known.
  const asked = gate.asked.slice(before);
  expect(asked).toEqual([one.digest, two.digest, two.digest, three.digest]);
});
