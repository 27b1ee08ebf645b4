import type { Clock } from '../../lib/clock.ts';
import type { Cluster } from '../cluster.ts';
import { createMemoryBudget } from './request-budget.ts';
import { createMemorySchedule } from './schedule.ts';

/** What a single gateway uses: it shares nothing. */
export function createMemoryCluster(clock: Clock): Cluster {
  return {
    countsOf: (_key, own) => ({ node: 0, counts: [own] }),
    tell() {},
    scheduleFor: () => createMemorySchedule(clock),
    budgetFor: (_key, requestsPerSecond) => createMemoryBudget(requestsPerSecond, clock),
    async close() {},
  };
}
