import { expect, it } from 'vitest';
import { createMemoryBudget } from '../../../../src/cluster/memory/cluster.ts';
import { createMemorySchedule } from '../../../../src/cluster/memory/schedule.ts';
import type { Exchange } from '../../../../src/upstream/exchange.ts';
import { emptyView, pollerOf } from '../../../support/poll-rig.ts';
import { seeded, VirtualClock } from '../../../support/virtual-clock.ts';

const host = 'registry.example';
const poll = {
  intervalMs: 60_000,
  minIntervalMs: 60_000,
  maxIntervalMs: 60_000,
  requestsPerSecond: 20,
  concurrency: 4,
  onDemand: true,
};

it('three pollers that share a schedule and a budget cost the registry what one costs, and one may fall out', async () => {
  const clock = new VirtualClock();
  const closing = new AbortController();
  const schedule = createMemorySchedule(clock);
  const budget = createMemoryBudget(poll.requestsPerSecond, clock);
  const sent: { at: number; gateway: number }[] = [];
  const pollers = [1, 2, 3].map((gateway) => {
    const exchange: Exchange = {
      async send() {
        sent.push({ at: clock.monotonic(), gateway });
        await clock.sleep(50, closing.signal);
        const headers = { 'docker-content-digest': `sha256:${'a'.repeat(64)}` };
        return { status: 200, headers, body: Buffer.alloc(0) };
      },
      async close() {},
    };
    return pollerOf({
      registries: [{ host, poll }],
      watch: Array.from({ length: 600 }, (_, n) => ({ repository: `${host}/team/a${n}`, tags: ['x'] })),
      ledger: emptyView(['x']),
      // It outlives each of them.
      scheduleFor: () => ({ ...schedule, close: async () => {} }),
      budgetFor: () => budget,
      exchangeFor: () => exchange,
      clock,
      random: seeded(gateway),
    });
  });
  await Promise.all(pollers.map((poller) => poller.start()));
  await clock.run(10 * 60_000);
  // 600 repositories, ten rounds.
  expect(sent.length).toBeGreaterThan(5_600);
  expect(sent.length).toBeLessThan(6_700);
  for (const gateway of [1, 2, 3]) {
    expect(sent.filter((one) => one.gateway === gateway).length).toBeGreaterThan(300);
  }
  await pollers[0]?.close();
  const before = sent.length;
  await clock.run(20 * 60_000);
  expect(sent.length - before).toBeGreaterThan(5_600);
  expect(sent.slice(before).every(({ gateway }) => gateway !== 1)).toBe(true);
  closing.abort();
  await Promise.all(pollers.map((poller) => poller.close()));
});
