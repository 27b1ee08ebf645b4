import { expect, it } from 'vitest';
import type { Change } from '../../../../src/event/change.ts';
import { parseDigest } from '../../../../src/event/digest.ts';
import type { Exchange } from '../../../../src/upstream/exchange.ts';
import { memoryLedger, pollerOf, viewOf } from '../../../support/poll-rig.ts';
import { seeded, VirtualClock } from '../../../support/virtual-clock.ts';

const host = 'registry.example';
const repository = 'team/app';
const poll = {
  intervalMs: 3_000,
  minIntervalMs: 3_000,
  maxIntervalMs: 3_000,
  requestsPerSecond: 100,
  concurrency: 4,
  onDemand: false,
};

const slowestAnswerMs = 3_000;

const digestOf = (n: number) => `sha256:${n.toString(16).padStart(64, '0')}`;

/**
 * A registry, its webhook and a poller at the same ledger. Answers are formed at any moment between request and
 * arrival; webhooks arrive up to 5 s late, out of order, and sometimes twice.
 */
async function interleave(seed: number, pushes: number): Promise<readonly Change[]> {
  const random = seeded(seed);
  const clock = new VirtualClock();
  const ledger = await memoryLedger(clock);
  const changes: Change[] = [];
  const view = viewOf(ledger, (_observations, recorded) => changes.push(...recorded.changes));
  const closing = new AbortController();
  let current = digestOf(0);

  const exchange: Exchange = {
    async send() {
      await clock.sleep((random() * slowestAnswerMs) / 2, closing.signal);
      const digest = current;
      await clock.sleep((random() * slowestAnswerMs) / 2, closing.signal);
      return { status: 200, headers: { 'docker-content-digest': digest }, body: Buffer.alloc(0) };
    },
    async close() {
      closing.abort();
    },
  };
  const poller = pollerOf({
    registries: [{ host, poll }],
    watch: [{ repository: `${host}/${repository}`, tags: ['latest'] }],
    exchangeFor: () => exchange,
    clock,
    random,
    ledger: view,
  });

  async function webhook(digest: string, pushedAt: number): Promise<void> {
    await clock.sleep(random() * 5_000);
    await view.observe([
      {
        kind: 'tag',
        registry: host,
        repository,
        tag: 'latest',
        digest: parseDigest(digest),
        mediaType: null,
        size: null,
        saidAt: pushedAt,
        origin: 'webhook:test',
      },
    ]);
    await poller.confirm(host, repository);
  }

  await poller.start();
  // The first look is over after at most one interval and two answers.
  await clock.run(7_000);
  for (let n = 1; n <= pushes; n += 1) {
    // Two pushes within one answer cannot be told apart by it: its time is that of its request.
    await clock.run(clock.monotonic() + slowestAnswerMs + random() * 4_000);
    current = digestOf(n);
    const times = random() < 0.2 ? 2 : 1;
    for (let m = 0; m < times; m += 1) void webhook(current, clock.now());
  }
  await clock.run(clock.monotonic() + 20_000);
  await poller.close();
  await ledger.close();
  return changes;
}

it('one push makes one change in 1,000 random interleavings of webhook and poll', {
  timeout: 120_000,
}, async () => {
  const origins = new Map<string, number>();
  for (let seed = 1; seed <= 1_000; seed += 1) {
    const changes = await interleave(seed, 1);
    expect(
      changes.map(({ type, digest, previousDigest }) => ({ type, digest, previousDigest })),
      `seed ${seed}`,
    ).toEqual([{ type: 'tag.updated', digest: digestOf(1), previousDigest: digestOf(0) }]);
    const origin = changes[0]?.origin ?? '';
    origins.set(origin, (origins.get(origin) ?? 0) + 1);
  }
  // Both orders of arrival were really met.
  expect(origins.get('poll')).toBeGreaterThan(100);
  expect(origins.get('webhook:test')).toBeGreaterThan(100);
});

it('several pushes with late webhooks never flip a tag back, and the last one is what stays', {
  timeout: 60_000,
}, async () => {
  for (let seed = 1; seed <= 200; seed += 1) {
    const changes = await interleave(seed, 4);
    const order = changes.map(({ digest }) => Number.parseInt(digest?.slice(-2) ?? '', 16));
    expect(order, `seed ${seed}`).toEqual([...new Set(order)].sort((a, b) => a - b));
    expect(order.at(-1), `seed ${seed}`).toBe(4);
  }
});
