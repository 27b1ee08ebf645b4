import type { Chain, WireChange } from './chain.ts';
import { measures } from './measures.ts';

/**
 * Counts one change that a subscriber received.
 *
 * @param liveSince when its connection became live, ms since the epoch; NaN if it is not. Earlier changes were
 *   replayed: their latency would be the time that the subscriber was away
 */
export function countArrival(change: WireChange, chain: Chain, liveSince: number): void {
  measures.deliveries.add(1);
  const link = chain.follow(change);
  measures.gaps.add(link === 'gap' ? 1 : 0);
  measures.repeats.add(link === 'repeat' ? 1 : 0);
  const occurredAt = Date.parse(change.occurredAt);
  if (link !== 'repeat' && occurredAt >= liveSince) measures.latency.add(Date.now() - occurredAt);
}
