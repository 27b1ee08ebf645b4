// @needs redis-server
/** The pace holds over three real gateways together, however unevenly their subscribers are spread. */
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { digest, publish } from '../support/gateway.ts';
import { type RedisNode, startRedis } from '../support/redis.ts';
import { openSse, type SseClient } from '../support/sse-client.ts';
import { of } from '../support/stream-client.ts';
import { until } from '../support/until.ts';
import { type Cluster, startCluster } from './chaos/cluster.ts';

const deliveriesPerSecond = 100;
const repository = 'r.test/pace/app';
const crowdKey = '{manifeed}:crowd';
const burst = 5;
/** What is judged together: half a second of deliveries. */
const perPart = 50;
/** Slots are drawn by chance, and clients stamp what comes. */
const toleranceMs = 300;

let redis: RedisNode;
let cluster: Cluster;
let clients: SseClient[][] = [];

beforeAll(async () => {
  redis = await startRedis();
  const settings = () => ({
    ledger: redis.url,
    pace: { deliveriesPerSecond, burst },
    limits: { connectionsPerAddress: 5_000, newConnectionsPerSecond: 5_000 },
  });
  cluster = await startCluster({ count: 3, settings });
});

afterEach(() => {
  for (const client of clients.flat()) client.close();
  clients = [];
});

afterAll(async () => {
  await cluster?.close();
  await redis?.stop();
});

async function connect(number: number, count: number, after?: string): Promise<void> {
  const params = { repository, ...(after === undefined ? {} : { after }) };
  const opened = await Promise.all(
    Array.from({ length: count }, () => openSse(cluster.at(number).port, params)),
  );
  clients[number] = [...(clients[number] ?? []), ...opened];
  if (after === undefined) await Promise.all(opened.map(({ inbox }) => inbox.until(of('ready'))));
}

/** Resolves when every gateway has heard how many subscribers each of them has. */
async function untilAllKnow(...counts: number[]): Promise<void> {
  const wanted = counts.filter((count) => count > 0).sort();
  await until('the counts to be told', async () => {
    const said = Object.values(await redis.admin.hgetall(`${crowdKey}:said`));
    const told = said.flatMap((text) => {
      const [exact] = JSON.parse(text.slice(text.indexOf(' ')));
      return (exact as [string, number][]).map(([, count]) => count);
    });
    return JSON.stringify(told.sort()) === JSON.stringify(wanted);
  });
  // Each hears the others whenever it speaks itself: everyone has to speak once more.
  const spoke = async () => {
    const flat = await redis.admin.zrange(crowdKey, '0', '-1', 'WITHSCORES');
    const names = flat.filter((_, n) => n % 2 === 0);
    return new Map(names.map((name, n) => [name, Number(flat[2 * n + 1])]));
  };
  const before = await spoke();
  await until('the counts to be heard', async () =>
    [...(await spoke())].every(([name, at]) => at > (before.get(name) ?? Number.POSITIVE_INFINITY)),
  );
}

let pushed = 0;

/** Returns the moment before which nobody can have it, monotonic ms. */
async function push(): Promise<number> {
  pushed++;
  const at = performance.now();
  await publish(cluster.at(0).port, [{ reference: `${repository}:1`, digest: digest(`${pushed}`) }]);
  return at;
}

/** When each client got what was pushed last, monotonic ms, in order. */
async function arrivals(from: readonly SseClient[]): Promise<number[]> {
  const wanted = digest(`${pushed}`);
  const at = await Promise.all(
    from.map(async ({ inbox }) => {
      await inbox.until((message) => message.kind === 'change' && message.change.digest === wanted, 60_000);
      return performance.now();
    }),
  );
  return at.sort((a, b) => a - b);
}

/** How long R takes for so many deliveries, ms. */
const durationMs = (count: number) => (count * 1_000) / deliveriesPerSecond;

/** By any moment no more have come than R allows since then. A busy machine only makes them later. */
function expectAtMostR(at: readonly number[], since: number): void {
  const early = at.map((each, n) => durationMs(n - burst) - (each - since));
  expect(Math.max(...early)).toBeLessThan(toleranceMs);
}

/** In each part some come as early as R allows. A busy machine delays others, which then come together. */
function expectEvenly(at: readonly number[]): void {
  const [first = 0] = at;
  const late = at.map((each, n) => each - first - durationMs(n));
  for (let from = 0; from < late.length; from += perPart)
    expect(Math.min(...late.slice(from, from + perPart))).toBeLessThan(toleranceMs);
}

it('300, 60 and 12 subscribers get a change at R together, evenly, and everyone is served', async () => {
  await Promise.all([connect(0, 300), connect(1, 60), connect(2, 12)]);
  await untilAllKnow(300, 60, 12);
  const since = await push();
  const at = await arrivals(clients.flat());
  expect(at).toHaveLength(372);
  expectAtMostR(at, since);
  expectEvenly(at);
});

it('a gateway that dies in the middle, and its subscribers that go elsewhere, never exceed R', async () => {
  await Promise.all([connect(0, 80), connect(1, 80), connect(2, 20)]);
  await untilAllKnow(80, 80, 20);
  const since = await push();
  const moving = clients[1] ?? [];
  const got = arrivals([...(clients[0] ?? []), ...(clients[2] ?? [])]);
  const early: number[] = [];
  for (const { inbox } of moving)
    void inbox.until(of('change'), 60_000).then(
      () => early.push(performance.now()),
      () => {},
    );
  await until('some to be served', () => early.length >= 15);
  await cluster.at(1).stop('SIGKILL');
  // Those that had nothing yet resume at the others; nobody may be missed, and R holds over old and new together.
  const unserved = moving.filter(({ inbox }) => !inbox.seen.some(({ kind }) => kind === 'change')).length;
  const ready = moving[0]?.inbox.seen.find(({ kind }) => kind === 'ready');
  const after = ready?.kind === 'ready' ? ready.position : '';
  await connect(0, Math.ceil(unserved / 2), after);
  await connect(2, Math.floor(unserved / 2), after);
  const late = arrivals([...(clients[0] ?? []).slice(80), ...(clients[2] ?? []).slice(20)]);
  const at = [...(await got), ...(await late), ...early].sort((a, b) => a - b);
  expect(at).toHaveLength(180);
  expectAtMostR(at, since);

  // It comes back, and from then on counts again.
  await cluster.restart(1);
  clients[1] = [];
  await connect(1, 50);
  await untilAllKnow(80 + Math.ceil(unserved / 2), 50, 20 + Math.floor(unserved / 2));
  const sinceThen = await push();
  const again = await arrivals(clients.flat());
  expectAtMostR(again, sinceThen);
  expectEvenly(again);
});

it('a reconnect storm over all gateways gets at R what it missed', async () => {
  const everyGateway = [0, 1, 2];
  await Promise.all(everyGateway.map((number) => connect(number, 80)));
  await untilAllKnow(80, 80, 80);
  const ready = clients[0]?.[0]?.inbox.seen.find(({ kind }) => kind === 'ready');
  const resume = ready?.kind === 'ready' ? ready.position : '';
  for (const client of clients.flat()) client.close();
  clients = [];
  await push();
  const since = performance.now();
  await Promise.all(everyGateway.map((number) => connect(number, 80, resume)));
  expectAtMostR(await arrivals(clients.flat()), since);
});
