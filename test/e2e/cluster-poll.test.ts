// @needs redis-server
/** Three real gateways on one Redis ask a registry what one would ask, whichever of them lives. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FakeRegistry, startFakeRegistry } from '../support/fake-registry.ts';
import { publish } from '../support/gateway.ts';
import { type RedisNode, startRedis } from '../support/redis.ts';
import { openSse, type SseClient } from '../support/sse-client.ts';
import { of } from '../support/stream-client.ts';
import { until } from '../support/until.ts';
import { type Cluster, startCluster } from './chaos/cluster.ts';
import { type Asked, type Doors, handovers, openDoors } from './chaos/doors.ts';

const intervalMs = 1_000;
const busyRequestsPerSecond = 20;
const watched = Array.from({ length: 12 }, (_, n) => `watched/app${n}`);
const busy = Array.from({ length: 60 }, (_, n) => `busy/app${n}`);

const opened: { close(): Promise<unknown> }[] = [];
let redis: RedisNode;
let calm: FakeRegistry;
let calmDoors: Doors;
let crowded: FakeRegistry;
let crowdedDoors: Doors;
let cluster: Cluster;

beforeAll(async () => {
  redis = await startRedis();
  opened.push({ close: () => redis.stop() });
  [calm, crowded] = await Promise.all([startFakeRegistry({ maxLog: 0 }), startFakeRegistry({ maxLog: 0 })]);
  for (const repository of watched) calm.push(repository, 'latest', repository);
  for (const repository of busy) crowded.push(repository, 'latest', repository);
  calm.push('demand/app', '1.0', 'first');
  [calmDoors, crowdedDoors] = await Promise.all([openDoors(calm, 3), openDoors(crowded, 3)]);
  opened.push(calm, crowded, calmDoors, crowdedDoors);
  const poll = { interval: '1s', minInterval: '1s', maxInterval: '1s' };
  const settings = (number: number) => ({
    ledger: redis.url,
    registries: [
      {
        ...{ host: calm.host, endpoint: calmDoors.urls[number], plainHttp: true },
        poll: { ...poll, requestsPerSecond: 200, onDemand: true },
      },
      {
        ...{ host: crowded.host, endpoint: crowdedDoors.urls[number], plainHttp: true },
        poll: { ...poll, requestsPerSecond: busyRequestsPerSecond },
      },
    ],
    watch: [
      ...watched.map((repository) => ({ repository: `${calm.host}/${repository}` })),
      ...busy.map((repository) => ({ repository: `${crowded.host}/${repository}` })),
    ],
    pace: { deliveriesPerSecond: 100_000, burst: 1_000 },
  });
  cluster = await startCluster({ count: 3, settings });
  opened.push(cluster);
});

afterAll(async () => {
  for (const one of opened.reverse()) await one.close();
});

/** Looks at a repository: what one gateway asked in one go. */
function looksAt(repository: string, log: readonly Asked[]): Asked[] {
  return log.filter(({ repository: each, what }) => each === repository && what === 'tags');
}

async function untilLooks(count: number, repositories: readonly string[], since = 0): Promise<void> {
  await until(`${count} looks at each repository`, () => {
    const log = calmDoors.log.slice(since);
    return repositories.every((repository) => looksAt(repository, log).length >= count);
  });
}

describe('who polls what', () => {
  it('each watched repository is polled by one gateway at a time, no oftener than by one alone', async () => {
    await untilLooks(1, watched);
    const from = calmDoors.log.length;
    await untilLooks(5, watched, from);
    const log = calmDoors.log.slice(from);
    const spanMs = (log.at(-1)?.at ?? 0) - (log[0]?.at ?? 0);
    for (const repository of watched) {
      // A tenth of jitter, and one look at either end.
      expect(looksAt(repository, log).length).toBeLessThanOrEqual(spanMs / (0.85 * intervalMs) + 2);
    }
    expect(handovers(log).filter(({ gapMs }) => gapMs < intervalMs / 2)).toEqual([]);
    // All three share the work, or the test shows nothing.
    expect(new Set(log.map(({ door }) => door)).size).toBe(3);
  });

  it('a thousand subscribers on three gateways cost the registry what one costs', async () => {
    const params = { repository: `${calm.host}/demand/app`, tag: '1.0' };
    const clients: SseClient[] = [];
    for (let n = 0; n < 1_000; n += 100) {
      const opening = Array.from({ length: 100 }, (_, k) => openSse(cluster.at((n + k) % 3).port, params));
      clients.push(...(await Promise.all(opening)));
    }
    const asked = () => calmDoors.log.filter(({ repository }) => repository === 'demand/app');
    await until('four looks', () => asked().length >= 4);
    const log = asked();
    const spanMs = (log.at(-1)?.at ?? 0) - (log[0]?.at ?? 0);
    expect(log.length).toBeLessThanOrEqual(spanMs / (0.85 * intervalMs) + 1);
    const { digest } = calm.push('demand/app', '1.0', 'second');
    const seen = await Promise.all(clients.map(({ inbox }) => inbox.until(of('change'))));
    expect(new Set(seen.map(({ text }) => text)).size).toBe(1);
    expect(seen[0]?.change.digest).toBe(digest);
    for (const client of clients) client.close();
  });

  it('all gateways together keep to the requests a second that one may send', async () => {
    await until('requests', () => crowdedDoors.log.length > 0);
    const from = crowdedDoors.log.length;
    await until('five seconds of them', () => crowdedDoors.log.length >= from + 5 * busyRequestsPerSecond);
    const log = crowdedDoors.log.slice(from, from + 5 * busyRequestsPerSecond);
    expect(new Set(log.map(({ door }) => door)).size).toBe(3);
    const seconds = ((log.at(-1)?.at ?? 0) - (log[0]?.at ?? 0)) / 1_000;
    expect(log.length / seconds).toBeLessThanOrEqual(busyRequestsPerSecond * 1.1);
    expect(log.length / seconds).toBeGreaterThan(busyRequestsPerSecond * 0.5);
  });

  it('a gateway that comes back makes nobody look earlier than planned', async () => {
    const from = calmDoors.log.length;
    await cluster.at(2).stop('SIGTERM');
    await cluster.restart(2);
    await untilLooks(4, watched, from);
    const log = calmDoors.log.slice(from);
    expect(handovers(log).filter(({ gapMs }) => gapMs < intervalMs / 2)).toEqual([]);
  });

  it('a gateway that hangs in the middle of a look puts nothing old over what came meanwhile', async () => {
    const [repository = ''] = watched;
    const reference = `${calm.host}/${repository}:latest`;
    const old = calm.push(repository, 'latest', 'old');
    const client = await openSse(cluster.at(0).port, { repository: `${calm.host}/${repository}` });
    await client.inbox.until((message) => message.kind === 'change' && message.change.digest === old.digest);
    // The registry has made up its answer when the gateway that asked is stopped.
    const held: (() => void)[] = [];
    const headers = { 'content-type': old.mediaType, 'docker-content-digest': old.digest };
    calm.faults.push((request, response) => {
      if (request.url !== `/v2/${repository}/manifests/latest` || held.length > 0) return false;
      held.push(() => response.writeHead(200, headers).end());
      return true;
    });
    await until('a look to be held', () => held.length > 0);
    const door = looksAt(repository, calmDoors.log).at(-1)?.door ?? 0;
    const hanging = cluster.at(door);
    hanging.child.kill('SIGSTOP');
    for (const answer of held) answer();
    const { digest } = calm.push(repository, 'latest', 'new');
    await publish(cluster.at((door + 1) % 3).port, [{ reference, digest }]);
    hanging.child.kill('SIGCONT');
    const from = calmDoors.log.length;
    await untilLooks(2, [repository], from);
    calm.faults.length = 0;
    await publish(cluster.at(door).port, [{ reference: `${reference}-marker`, digest }]);
    await client.inbox.until(
      (message) => message.kind === 'change' && message.change.tag === 'latest-marker',
    );
    const seen = client.inbox.seen.flatMap((message) =>
      message.kind === 'change' ? [message.change.digest] : [],
    );
    expect(seen).toEqual([old.digest, digest, digest]);
    client.close();
  });

  it('others take over within seconds what a gateway polled that was killed in the middle of a look', async () => {
    // Answers nothing, so that every gateway is caught in the middle of looks.
    const held: (() => void)[] = [];
    calm.faults.push((_request, response) => held.push(() => response.destroy()) > 0);
    await until('requests to be held', () => held.length >= watched.length / 2);
    await Promise.all([0, 1].map((number) => cluster.at(number).stop('SIGKILL')));
    calm.faults.length = 0;
    for (const release of held) release();
    const from = calmDoors.log.length;
    await untilLooks(1, watched, from);
    expect(new Set(calmDoors.log.slice(from).map(({ door }) => door))).toEqual(new Set([2]));
  });
});
