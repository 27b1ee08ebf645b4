import type { Filter } from '../event/filter.ts';
import type { Grant } from '../event/grant.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Frame } from './frame.ts';
import type { History } from './history.ts';
import { type Judged, judgeFrames } from './judge.ts';
import type { Turns } from './turns.ts';

interface RecentParts {
  readonly history: History;
  readonly ledger: Pick<Ledger, 'bounds'>;
  readonly turns: Turns;
}

/** Who asks for recent changes, and for which. */
export interface RecentRequest {
  /** The owner that its globs are charged to. */
  readonly owner: string;
  readonly grant: Grant;
  readonly filter: Filter;
  /** Whether the client has left. */
  isCancelled(): boolean;
}

/** Most changes scanned for one answer. */
const maxScanned = 10_000;
const windowSize = 256;

/**
 * The newest `limit` wanted frames, oldest first, among the newest 10,000 changes up to `head`. Returns what it has
 * when the client leaves. Rejects with `UNAVAILABLE` when the ledger can't be read.
 */
export async function recentFrames(
  parts: RecentParts,
  head: number,
  limit: number,
  judged: Judged,
): Promise<readonly Frame[]> {
  const { floor } = await parts.ledger.bounds();
  const lowest = Math.max(floor, head - maxScanned);
  let found: readonly Frame[] = [];
  for (let to = head; to > lowest && found.length < limit && !judged.isCancelled(); to -= windowSize) {
    const from = Math.max(lowest, to - windowSize);
    found = [...(await wantedBetween(from, to, parts, judged)), ...found];
  }
  return found.slice(-limit);
}

async function wantedBetween(
  after: number,
  to: number,
  { history, turns }: RecentParts,
  judged: Judged,
): Promise<readonly Frame[]> {
  const wanted: Frame[] = [];
  // A page may be short: it ends at what was the head when it was read.
  for (let from = after; from < to && !judged.isCancelled(); ) {
    const page = await history.page(from);
    const frames = page.frames.filter((frame) => frame.sequence <= to);
    wanted.push(...(await judgeFrames(frames, judged, turns)));
    if (page.next <= from) break;
    from = page.next;
  }
  return wanted;
}
