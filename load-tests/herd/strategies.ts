/**
 * Computes when a herd's requests reach the registry, for three ways to deliver one change to the same clients.
 * Pure. The paced way uses the gateway's own functions.
 */

import { globalRank } from '../../src/fanout/pace/slots.ts';
import type { Random } from '../../src/lib/random.ts';

/** Virtual ms from the change's start until the j-th subscriber is due: rank / rate (> 0, over all gateways). */
export function dueMs(j: number, node: number, counts: readonly number[], ratePerSecond: number): number {
  return (globalRank(j, node, counts) * 1000) / ratePerSecond;
}

export interface Herd {
  /** Subscribers of each gateway. */
  readonly counts: readonly number[];
  /** R: the configured deliveries per second. */
  readonly ratePerSecond: number;
  /** Cost of one unpaced delivery, ms: delivering to all at once takes time too. */
  readonly deliveryMs: number;
  /** Shortest and longest time between the change and the request's arrival, ms; uniform. */
  readonly reactionMs: readonly [min: number, max: number];
}

export const strategyNames = ['pace off', 'random jitter', 'paced'] as const;
export type StrategyName = (typeof strategyNames)[number];

function clientsOf(herd: Herd): number {
  return herd.counts.reduce((sum, count) => sum + count, 0);
}

/** Three gateways with 75 %, 24.9 % and the rest of the clients. */
export function herdOf(clients: number, ratePerSecond: number): Herd {
  const most = Math.ceil(clients * 0.75);
  const some = Math.floor(clients * 0.249);
  return {
    counts: [most, some, clients - most - some],
    ratePerSecond,
    deliveryMs: 0.01,
    reactionMs: [5, 50],
  };
}

/** W: the time over which the requests are spread, ms. */
export function windowMs(herd: Herd): number {
  return (clientsOf(herd) * 1000) / herd.ratePerSecond;
}

/** Arrival of each client's request, ms after the change, unordered. */
export function arrivalsMs(strategy: StrategyName, herd: Herd, random: Random): readonly number[] {
  const [min, max] = herd.reactionMs;
  return herd.counts.flatMap((count, node) =>
    Array.from({ length: count }, (_, j) => {
      const told =
        strategy === 'paced' ? dueMs(j, node, herd.counts, herd.ratePerSecond) : j * herd.deliveryMs;
      const jitter = strategy === 'random jitter' ? random() * windowMs(herd) : 0;
      return told + jitter + min + random() * (max - min);
    }),
  );
}

export function bins(arrivals: readonly number[], binMs: number): readonly number[] {
  const last = arrivals.reduce((latest, at) => Math.max(latest, at), 0);
  const counted = new Array<number>(Math.floor(last / binMs) + 1).fill(0);
  for (const at of arrivals) {
    const bin = Math.max(0, Math.floor(at / binMs));
    counted[bin] = (counted[bin] ?? 0) + 1;
  }
  return counted;
}

/** Small and repeatable (mulberry32), so that the committed plot changes only if the pacing does. */
export function seededRandom(seed: number): Random {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
