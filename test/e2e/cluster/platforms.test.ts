// @needs redis-server
/** Two real gateways on one Redis learn the platforms of a digest with one request. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type FakeRegistry, startFakeRegistry } from '../../support/fake-registry.ts';
import { publish } from '../../support/gateway.ts';
import { startRedis } from '../../support/redis.ts';
import { openSse } from '../../support/sse-client.ts';
import { of } from '../../support/stream-client.ts';
import { until } from '../../support/until.ts';
import { type Cluster, startCluster } from '../chaos/cluster.ts';

const opened: { close(): unknown }[] = [];
let registry: FakeRegistry;
let cluster: Cluster;

beforeAll(async () => {
  const redis = await startRedis();
  opened.push({ close: () => redis.stop() });
  registry = await startFakeRegistry();
  opened.push(registry);
  const poll = { onDemand: false, requestsPerSecond: 1_000 };
  const registries = [{ host: registry.host, plainHttp: true, platforms: true, poll }];
  cluster = await startCluster({ count: 2, settings: () => ({ ledger: redis.url, registries }) });
  opened.push(cluster);
});

afterAll(async () => {
  for (const each of opened.reverse()) await each.close();
});

it('a digest of many tags, pushed through both gateways, is asked for once', async () => {
  const tags = ['1', '2', '3', '4', '5', '6'];
  const [client, other] = await Promise.all(
    [0, 1].map((number) => openSse(cluster.at(number).port, { platform: 'linux/arm64' })),
  );
  if (client === undefined || other === undefined) throw new Error('open streams: two must be open');
  opened.push(client, other);
  for (const each of [client, other]) await each.inbox.until(of('ready'));
  const indexes = ['b1', 'b1 with more', 'b2'].map((word, n) => ({
    'linux/amd64': `a${n}`,
    'linux/arm64': word.slice(0, 2),
  }));
  // Answers only when both gateways have acknowledged all of them.
  const held: (() => void)[] = [];
  for (const [n, platforms] of indexes.entries()) {
    registry.faults.push((request, response, url) => {
      if (request.method !== 'GET') return false;
      const digest = url.pathname.split('/').at(-1) ?? '';
      const { body = '', mediaType = '' } = pushed.digest === digest ? pushed : {};
      held.push(() => response.writeHead(200, { 'content-type': mediaType }).end(body));
      return true;
    });
    const pushed = registry.pushPlatforms('team/app', 'x', platforms);
    const acknowledged = tags.map((tag, at) =>
      publish(cluster.at(at % 2).port, [
        { reference: `${registry.host}/team/app:${tag}`, digest: pushed.digest },
      ]),
    );
    await Promise.all(acknowledged);
    await registry.reached('GET manifests', n + 1);
    for (const answer of held.splice(0)) answer();
    registry.faults.length = 0;
    await until('all are recorded', async () => (await changesOf(0)) === tags.length * (n + 1));
  }
  expect(registry.count('GET manifests')).toBe(indexes.length);
  // What was created, and the last index: the second moved another platform.
  for (const each of [client, other]) {
    const changes = await each.inbox.take(2 * tags.length, of('change'));
    const created = changes.filter(({ change }) => change.type === 'tag.created');
    expect([created.length, changes.length - created.length]).toEqual([tags.length, tags.length]);
    expect(new Set(changes.map(({ change }) => change.digest)).size).toBe(2);
  }
});

async function changesOf(number: number): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${cluster.at(number).port}/v1/changes?n=100`);
  const { changes }: { changes: unknown[] } = JSON.parse(await response.text());
  return changes.length;
}
