import { expect, it } from 'vitest';
import type { RegistryPollOptions } from '../../../../src/source/poll/options.ts';
import type { Poller, PollerOptions } from '../../../../src/source/poll/poller.ts';
import type { Exchange } from '../../../../src/upstream/exchange.ts';
import { UpstreamError } from '../../../../src/upstream/upstream-error.ts';
import { emptyView, pollerOf } from '../../../support/poll-rig.ts';
import { seeded, VirtualClock } from '../../../support/virtual-clock.ts';

const host = 'registry.example';
const digest = `sha256:${'a'.repeat(64)}`;

interface Sent {
  readonly at: number;
  readonly path: string;
}

interface World {
  readonly clock: VirtualClock;
  readonly sent: Sent[];
  /** Answers the next requests; default: 200 with a digest after 20 ms. */
  respond: (path: string) => { status: number; headers: Record<string, string> };
  readonly poller: Poller;
}

function world(poll: RegistryPollOptions, repositories: number, more: Partial<PollerOptions> = {}): World {
  const clock = new VirtualClock();
  const sent: Sent[] = [];
  const closing = new AbortController();
  const exchange: Exchange = {
    async send({ url }) {
      sent.push({ at: clock.monotonic(), path: url.pathname });
      await clock.sleep(20, closing.signal);
      return { body: Buffer.alloc(0), ...made.respond(url.pathname) };
    },
    async close() {
      closing.abort();
    },
  };
  const made: World = {
    clock,
    sent,
    respond: () => ({ status: 200, headers: { 'docker-content-digest': digest } }),
    poller: pollerOf({
      registries: [{ host, poll }],
      watch: Array.from({ length: repositories }, (_, n) => ({
        repository: `${host}/team/app-${n}`,
        tags: ['latest'],
      })),
      ledger: emptyView(['latest']),
      exchangeFor: () => exchange,
      clock,
      random: seeded(7),
      ...more,
    }),
  };
  return made;
}

/** The most requests in any `spanMs`, however placed. */
function most(sent: readonly Sent[], spanMs: number): number {
  let best = 0;
  let from = 0;
  for (const [index, { at }] of sent.entries()) {
    while (at - (sent[from]?.at ?? 0) >= spanMs) from += 1;
    best = Math.max(best, index - from + 1);
  }
  return best;
}

const minute = { intervalMs: 60_000, minIntervalMs: 60_000, maxIntervalMs: 60_000 };

it('10,000 repositories at 60 s on 200 requests/s: no second over budget, all seen in 1.2 intervals, even load', async () => {
  const { clock, sent, poller } = world(
    { ...minute, requestsPerSecond: 200, concurrency: 16, onDemand: false },
    10_000,
  );
  await poller.start();
  const endMs = 150_000;
  await clock.run(endMs);

  expect(most(sent, 1_000)).toBeLessThanOrEqual(200);

  const lastSeen = new Map<string, number>();
  let longestMs = 0;
  for (const { at, path } of sent) {
    longestMs = Math.max(longestMs, at - (lastSeen.get(path) ?? 0));
    lastSeen.set(path, at);
  }
  for (const at of lastSeen.values()) longestMs = Math.max(longestMs, endMs - at);
  expect(lastSeen.size).toBe(10_000);
  expect(longestMs).toBeLessThanOrEqual(72_000);

  const windows = new Array<number>(endMs / 5_000).fill(0);
  for (const { at } of sent) windows[Math.floor(at / 5_000)] = (windows[Math.floor(at / 5_000)] ?? 0) + 1;
  const mean = windows.reduce((sum, count) => sum + count, 0) / windows.length;
  const worst = Math.max(...windows.map((count) => Math.abs(count - mean) / mean));
  expect(worst).toBeLessThanOrEqual(0.1);
  await poller.close();
});

it('a quiet repository is looked at less and less often, within the bounds', async () => {
  const poll = { intervalMs: 60_000, minIntervalMs: 15_000, maxIntervalMs: 300_000 };
  const { clock, sent, poller } = world(
    { ...poll, requestsPerSecond: 10, concurrency: 4, onDemand: false },
    1,
  );
  await poller.start();
  await clock.run(2 * 3_600_000);
  const gaps = sent.slice(1).map(({ at }, n) => at - (sent[n]?.at ?? 0));
  expect(gaps[0]).toBeLessThan(90_000);
  expect(gaps.at(-1)).toBeGreaterThan(250_000);
  expect(Math.max(...gaps)).toBeLessThan(340_000);
  await poller.close();
});

it.each([
  ['seconds', '120'],
  ['a date', new Date(Date.UTC(2026, 0, 1) + 180_000).toUTCString()],
])(
  'a 429 with Retry-After in %s stops all requests to the registry until then',
  async (_form, retryAfter) => {
    const pressure: string[] = [];
    const made = world({ ...minute, requestsPerSecond: 50, concurrency: 8, onDemand: false }, 100, {
      onPressure: (_registry, kind) => pressure.push(kind),
    });
    const { clock, sent, poller } = made;
    await poller.start();
    await clock.run(59_000);
    made.respond = () => ({ status: 429, headers: { 'retry-after': retryAfter } });
    await clock.run(60_000 + 1_000);
    const refusedAt = clock.monotonic();
    made.respond = () => ({ status: 200, headers: { 'docker-content-digest': digest } });
    const before = sent.length;
    await clock.run(refusedAt + 115_000);
    expect(sent.length).toBe(before);
    expect(poller.upstreams()[0]?.backoffMs).toBeGreaterThan(0);
    await clock.run(refusedAt + 300_000);
    expect(sent.length).toBeGreaterThan(before + 100);
    expect(pressure).toContain('429');
    await poller.close();
  },
);

it('429s without a hint are met with exponential backoff', async () => {
  const made = world({ ...minute, requestsPerSecond: 50, concurrency: 8, onDemand: false }, 500);
  made.respond = () => ({ status: 429, headers: {} });
  const { clock, sent, poller } = made;
  await poller.start();
  await clock.run(30 * 60_000);
  // At 50/s it would be 90,000; at the ceiling of 5 minutes' full jitter it is a few in 2.5 minutes.
  expect(sent.length).toBeLessThan(300);
  expect(sent.filter(({ at }) => at > 15 * 60_000).length).toBeGreaterThan(0);
  await poller.close();
});

it('a registry that answers 500 is left alone and probed by one look at a time until it is well', async () => {
  const made = world({ ...minute, requestsPerSecond: 50, concurrency: 8, onDemand: false }, 500);
  const { clock, sent, poller } = made;
  await poller.start();
  await clock.run(60_000);
  made.respond = () => ({ status: 500, headers: {} });
  const before = sent.length;
  await clock.run(60_000 + 30 * 60_000);
  expect(poller.upstreams()[0]?.breaker).not.toBe('closed');
  expect(sent.length - before).toBeLessThan(100);
  made.respond = () => ({ status: 200, headers: { 'docker-content-digest': digest } });
  await clock.run(clock.monotonic() + 20 * 60_000);
  expect(poller.upstreams()[0]?.breaker).toBe('closed');
  const failing = poller.upstreams()[0]?.repositories.filter(({ failures }) => failures > 0) ?? [];
  expect(failing).toEqual([]);
  await poller.close();
});

it('slows down as ratelimit-remaining nears the reserve and stops at it', async () => {
  let remaining = 1_000;
  const made = world(
    { ...minute, requestsPerSecond: 50, concurrency: 8, onDemand: false, reserve: 100 },
    2_000,
  );
  made.respond = () => {
    remaining -= 1;
    return {
      status: 200,
      headers: {
        'docker-content-digest': digest,
        'ratelimit-limit': '1000;w=3600',
        'ratelimit-remaining': `${Math.max(0, remaining)};w=3600`,
      },
    };
  };
  const { clock, poller } = made;
  await poller.start();
  await clock.run(30 * 60_000);
  expect(remaining).toBeGreaterThanOrEqual(80);
  expect(remaining).toBeLessThan(300);
  await poller.close();
});

it('a shared outage does not end in a burst: the budget holds in every second afterwards', async () => {
  const made = world({ ...minute, requestsPerSecond: 100, concurrency: 16, onDemand: false }, 3_000);
  const { clock, sent, poller } = made;
  await poller.start();
  await clock.run(60_000);
  made.respond = () => ({ status: 429, headers: { 'retry-after': '300' } });
  await clock.run(90_000);
  made.respond = () => ({ status: 200, headers: { 'docker-content-digest': digest } });
  await clock.run(8 * 60_000);
  expect(most(sent, 1_000)).toBeLessThanOrEqual(100);
  await poller.close();
});

it.each(['the registry names another realm', 'the realm heals'])(
  'polling goes on without a restart after a token realm was unreachable and %s',
  async (cure) => {
    const clock = new VirtualClock();
    let realm = 'old.example';
    const dead = new Set<string>();
    const asked: string[] = [];
    let seen = 0;
    const exchange: Exchange = {
      async send({ url, headers }) {
        asked.push(url.host);
        await clock.sleep(20);
        if (dead.has(url.host)) throw new UpstreamError('network', `ask ${url.host}: ECONNREFUSED`);
        const body = Buffer.from(JSON.stringify({ token: `of-${url.host}`, expires_in: 60 }));
        if (url.pathname === '/token') return { status: 200, headers: {}, body };
        if (headers.includes(`Bearer of-${realm}`)) {
          seen += 1;
          return { status: 200, headers: { 'docker-content-digest': digest }, body: Buffer.alloc(0) };
        }
        const challenge = `Bearer realm="https://${realm}/token",service="x"`;
        return { status: 401, headers: { 'www-authenticate': challenge }, body: Buffer.alloc(0) };
      },
      async close() {},
    };
    const { poller } = world({ ...minute, requestsPerSecond: 50, concurrency: 8, onDemand: false }, 20, {
      clock,
      exchangeFor: () => exchange,
    });
    await poller.start();
    await clock.run(5 * 60_000);
    expect(seen).toBeGreaterThan(80);

    dead.add('old.example');
    await clock.run(clock.monotonic() + 30 * 60_000);
    const before = asked.length;
    await clock.run(clock.monotonic() + 30 * 60_000);
    // The breaker leaves it alone for up to 5 minutes at a time: a bare request and a token request for each probe.
    expect(asked.length - before).toBeLessThan(60);
    expect(asked.slice(before)).toContain(host);

    if (cure === 'the realm heals') dead.clear();
    else realm = 'new.example';
    const seenBefore = seen;
    await clock.run(clock.monotonic() + 20 * 60_000);
    expect(seen - seenBefore).toBeGreaterThan(100);
    expect(poller.upstreams()[0]?.breaker).toBe('closed');
    await poller.close();
  },
);
