import { compareText } from '../../tag-order.ts';
import type { Budget } from './budget.ts';
import type { Order } from './stretches.ts';

/** Where a tag stands in the order of last moves. */
export interface MoveKey {
  readonly updated_at: number;
  readonly repository_id: number;
  readonly name: string;
}

export interface MergeOptions {
  /** Those that `rowsOf` reads. */
  readonly ids: readonly number[];
  /** Keys of further repositories, in this order, all of them. */
  readonly sorted: readonly MoveKey[];
  readonly start: MoveKey;
  readonly order: Order;
  /** Keys wanted, at most. */
  readonly limit: number;
  /** The keys of one repository after `from`, at most `count`. */
  readonly rowsOf: (id: number, from: MoveKey, count: number) => readonly MoveKey[];
  readonly budget: Budget;
}

interface Lane {
  readonly id: number;
  keys: readonly MoveKey[];
  at: number;
  /** No more rows follow `keys`. */
  isLast: boolean;
}

/** The next keys of several repositories in one order, some rows of each at a time. `isWhole`: none follow. */
export function merge({ ids, sorted, start, order, limit, rowsOf, budget }: MergeOptions): {
  readonly keys: readonly MoveKey[];
  readonly isWhole: boolean;
} {
  // At first all lanes together may use half; one more than wanted tells whether the page is the last.
  const most = Math.max(1, Math.min(limit + 1, Math.floor(budget.left / (2 * Math.max(1, ids.length)))));
  const fill = (lane: Lane, from: MoveKey) => {
    const count = Math.min(most, budget.left);
    lane.keys = count === 0 ? [] : rowsOf(lane.id, from, count);
    lane.at = 0;
    lane.isLast = count > 0 && lane.keys.length < count;
    budget.left -= lane.keys.length;
  };
  const lanes = ids.map((id): Lane => {
    const lane = { id, keys: [], at: 0, isLast: false };
    fill(lane, start);
    return lane;
  });
  lanes.push({ id: -1, keys: sorted, at: 0, isLast: true });
  const keys: MoveKey[] = [];
  for (;;) {
    const next = firstOf(lanes, order);
    const key = next?.keys[next.at];
    if (next === null || key === undefined) return { keys, isWhole: true };
    if (keys.length === limit) return { keys, isWhole: false };
    keys.push(key);
    next.at += 1;
    if (next.at < next.keys.length || next.isLast) continue;
    fill(next, key);
    if (next.keys.length === 0 && !next.isLast) return { keys, isWhole: false };
  }
}

function firstOf(lanes: readonly Lane[], order: Order): Lane | null {
  let first: Lane | null = null;
  let least: MoveKey | undefined;
  for (const lane of lanes) {
    const key = lane.keys[lane.at];
    if (key === undefined) continue;
    if (least !== undefined && !isBefore(key, least, order)) continue;
    [first, least] = [lane, key];
  }
  return first;
}

/** Whether `a` comes before `b`. */
export function isBefore(a: MoveKey, b: MoveKey, order: Order): boolean {
  const [first, second] = order === 'asc' ? [a, b] : [b, a];
  return compareKeys(first, second) < 0;
}

export function compareKeys(a: MoveKey, b: MoveKey): number {
  return a.updated_at - b.updated_at || a.repository_id - b.repository_id || compareText(a.name, b.name);
}
