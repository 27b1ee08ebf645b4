import type { Chain, WireChange } from './chain.ts';
import { measures } from './measures.ts';

/**
 * Counts one change that a subscriber got.
 *
 * @param liveSince when its connection became live, ms since the epoch; NaN: not yet. What happened before was
 *   replayed, and its latency would be how long the subscriber was away
 */
export function countArrival(change: WireChange, chain: Chain, liveSince: number): void {
  measures.deliveries.add(1);
  const link = chain.follow(change);
  measures.gaps.add(link === 'gap' ? 1 : 0);
  measures.repeats.add(link === 'repeat' ? 1 : 0);
  const occurredAt = Date.parse(change.occurredAt);
  if (link !== 'repeat' && occurredAt >= liveSince) measures.latency.add(Date.now() - occurredAt);
}
