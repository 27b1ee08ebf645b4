import type { Ledger } from '../ledger/ledger.ts';
import type { Frame } from './frame.ts';
import type { History } from './history.ts';

/** Changes looked at for one answer. */
const maxScanned = 10_000;
const windowSize = 256;

/**
 * The newest `limit` frames that `wants` accepts, oldest first, among the newest 10,000 changes up to `head`.
 * Rejects with `UNAVAILABLE` when the ledger can't be read.
 */
export async function recentFrames(
  source: { readonly history: History; readonly ledger: Ledger },
  head: number,
  limit: number,
  wants: (frame: Frame) => boolean,
): Promise<readonly Frame[]> {
  const { floor } = await source.ledger.bounds();
  const lowest = Math.max(floor, head - maxScanned);
  let found: Frame[] = [];
  for (let to = head; to > lowest && found.length < limit; to -= windowSize) {
    const matching: Frame[] = [];
    let from = Math.max(lowest, to - windowSize);
    // A page may be short: it may have ended at what was the head when it was read.
    while (from < to) {
      const page = await source.history.page(from);
      matching.push(...page.frames.filter((frame) => frame.sequence <= to && wants(frame)));
      if (page.next <= from) break;
      from = page.next;
    }
    found = [...matching, ...found];
  }
  return found.slice(-limit);
}
