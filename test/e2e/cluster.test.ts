// @needs redis-server
/** Three real gateways on one Redis are one: what any of them hears, the subscribers of all get, once. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { digest, metric, publish } from '../support/gateway.ts';
import { openLongPoll } from '../support/long-poll-client.ts';
import { type RedisNode, startRedis } from '../support/redis.ts';
import { openSse } from '../support/sse-client.ts';
import { of, type StreamClient } from '../support/stream-client.ts';
import { until } from '../support/until.ts';
import { openWebSocket } from '../support/websocket-client.ts';
import { type Cluster, startCluster } from './chaos/cluster.ts';

let redis: RedisNode;
let cluster: Cluster;

beforeAll(async () => {
  redis = await startRedis();
  cluster = await startCluster({ count: 3, settings: () => ({ ledger: redis.url }) });
});

afterAll(async () => {
  await cluster?.close();
  await redis?.stop();
});

async function openAll(repository: string): Promise<StreamClient[]> {
  const params = { repository };
  const socket = await openWebSocket(cluster.at(2).port);
  await socket.subscribe(params);
  const clients = [
    await openSse(cluster.at(1).port, params),
    socket,
    await openLongPoll(cluster.at(1).port, params),
  ];
  for (const client of clients) await client.inbox.until(of('ready'));
  return clients;
}

it('a webhook at one gateway reaches SSE, WebSocket and long-poll subscribers of the others', async () => {
  const clients = await openAll('r.test/reach/app');
  await publish(cluster.at(0).port, [{ reference: 'r.test/reach/app:1.0', digest: digest('one') }]);
  const seen = await Promise.all(clients.map((client) => client.inbox.until(of('change'))));
  expect(new Set(seen.map(({ change }) => change.position)).size).toBe(1);
  for (const { change } of seen) expect(change).toMatchObject({ tag: '1.0', digest: digest('one') });
  for (const client of clients) client.close();
});

it('one delivery that reaches all gateways at once, and then once more, makes one change', async () => {
  const clients = await openAll('r.test/twice/app');
  const occurredAt = new Date().toISOString();
  for (let round = 0; round < 20; round++) {
    const entry = {
      reference: 'r.test/twice/app:1.0',
      digest: digest(`twice ${round}`),
      occurredAt: new Date(Date.parse(occurredAt) - 60_000 + round).toISOString(),
    };
    await Promise.all(cluster.gateways.map(({ port }) => publish(port, [entry])));
    await publish(cluster.at(round % 3).port, [entry]);
  }
  for (const client of clients) {
    const changes = await client.inbox.take(20, of('change'));
    expect(changes.map(({ change }) => change.digest)).toEqual(
      Array.from({ length: 20 }, (_, round) => digest(`twice ${round}`)),
    );
    const sequences = changes.map(({ change }) => Number(change.position.split('-')[1]));
    expect(sequences).toEqual(sequences.map((_, n) => (sequences[0] ?? 0) + n));
    client.close();
  }
});

it('a position got at one gateway resumes at another, without gap or repeat', async () => {
  const params = { repository: 'r.test/resume/app' };
  const first = await openSse(cluster.at(0).port, params);
  await first.inbox.until(of('ready'));
  for (const n of [1, 2, 3]) {
    await publish(cluster.at(n % 3).port, [{ reference: `r.test/resume/app:${n}`, digest: digest(`${n}`) }]);
  }
  const [, second] = await first.inbox.take(2, of('change'));
  first.close();
  await publish(cluster.at(0).port, [{ reference: 'r.test/resume/app:4', digest: digest('4') }]);
  const after = second?.resume ?? '';
  for (const number of [1, 2]) {
    const again = await openSse(cluster.at(number).port, { ...params, after });
    const changes = await again.inbox.take(2, of('change'));
    expect(changes.map(({ change }) => change.tag)).toEqual(['3', '4']);
    again.close();
  }
});

it('what the channel lost is read from the stream, while other gateways go on', async () => {
  const params = { repository: 'r.test/channel/app' };
  const client = await openSse(cluster.at(1).port, params);
  await client.inbox.until(of('ready'));
  let pushed = 0;
  for (let cut = 0; cut < 5; cut++) {
    await redis.admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    for (let n = 0; n < 5; n++, pushed++) {
      const entry = { reference: `r.test/channel/app:${pushed}`, digest: digest(`channel ${pushed}`) };
      await publish(cluster.at(n % 3).port, [entry]);
    }
  }
  const changes = await client.inbox.take(pushed, of('change'));
  expect(changes.map(({ change }) => change.tag)).toEqual(Array.from({ length: pushed }, (_, n) => `${n}`));
  expect(client.inbox.seen.filter(({ kind }) => kind === 'reset')).toEqual([]);
  client.close();
});

it('Redis away: webhooks get 503 with Retry-After, nobody is cut, and all goes on when it answers again', async () => {
  const clients = await openAll('r.test/away/app');
  const connected = () =>
    Promise.all(cluster.gateways.map(({ port }) => metric(port, /^manifeed_subscribers\b/)));
  const before = await connected();
  redis.pause();
  const pausedAt = performance.now();
  await until('all gateways to notice', async () =>
    (await Promise.all(cluster.gateways.map((gateway) => fetch(`${gateway.url}/readyz`)))).every(
      ({ status }) => status === 503,
    ),
  );
  // A command's timeout; the rest is the machine's.
  expect(performance.now() - pausedAt).toBeLessThan(20_000);
  const refused = await Promise.all(
    cluster.gateways.map(({ url }) =>
      fetch(`${url}/v1/hooks/publish`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify([{ reference: 'r.test/away/app:never', digest: digest('never') }]),
      }),
    ),
  );
  for (const answer of refused) {
    expect(answer.status).toBe(503);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
  }
  expect(await connected()).toEqual(before);
  redis.resume();
  await until('all gateways to be ready', async () =>
    (await Promise.all(cluster.gateways.map((gateway) => fetch(`${gateway.url}/readyz`)))).every(
      ({ status }) => status === 200,
    ),
  );
  await publish(cluster.at(0).port, [{ reference: 'r.test/away/app:back', digest: digest('back') }]);
  for (const client of clients) {
    const { change } = await client.inbox
      .until((message) => message.kind === 'change' && message.change.tag === 'back')
      .then((message) => (message.kind === 'change' ? message : Promise.reject(message)));
    expect(change.digest).toBe(digest('back'));
    // Stopped, not lost: nobody may be told that something is missing.
    expect(client.inbox.seen.filter(({ kind }) => kind === 'reset')).toEqual([]);
    client.close();
  }
});

it.each([
  ['emptied', () => redis.admin.flushall()],
  ['killed and started again without its data', () => redis.kill().then(() => redis.start())],
])('Redis %s: one new epoch for all gateways, and every subscriber is told', async (_how, lose) => {
  const clients = await openAll('r.test/lost/app');
  await publish(cluster.at(0).port, [
    { reference: 'r.test/lost/app:a', digest: digest(`a ${Math.random()}`) },
  ]);
  for (const client of clients) await client.inbox.until(of('change'));
  await lose();
  const resets = await Promise.all(clients.map((client) => client.inbox.until(of('reset'))));
  const epochs = new Set(resets.map(({ position }) => position.split('-')[0]));
  expect(epochs.size).toBe(1);
  await until('a webhook to be taken', async () => {
    await publish(cluster.at(1).port, [{ reference: 'r.test/lost/app:b', digest: digest('b') }]);
    return true;
  });
  const changes = await Promise.all(clients.map((client) => client.inbox.until(of('change'))));
  for (const { change } of changes) {
    expect(change.tag).toBe('b');
    expect(epochs).toContain(change.position.split('-')[0]);
  }
  for (const client of clients) {
    expect(client.inbox.seen.filter(({ kind }) => kind === 'reset')).toHaveLength(1);
    client.close();
  }
});
