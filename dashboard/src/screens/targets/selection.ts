/** Which of the targets the screen shows: those of one state, or all, a page at a time. Pure. */
import type { Target } from '../../gateway/targets.ts';

/** Rows of a page. */
export const pageRows = 100;
/** Most states that are offered: a gateway knows seven. */
export const maxStates = 10;

export interface Selection {
  /** Null: all. */
  readonly state: string | null;
  readonly rows: readonly Target[];
  /** Where the next page begins; null: this is the last. */
  readonly next: string | null;
}

/** @param query of the address: `state`, and `from`, the number of targets before the page */
export function selectionOf(targets: readonly Target[], query: URLSearchParams): Selection {
  const state = query.get('state');
  const all = state === null ? targets : targets.filter((target) => target.state === state);
  const from = startOf(query.get('from'), all.length);
  const end = from + pageRows;
  return { state, rows: all.slice(from, end), next: end < all.length ? String(end) : null };
}

/** A page that is not there (any more) is the first one. */
function startOf(text: string | null, length: number): number {
  const from = text !== null && /^\d{1,9}$/.test(text) ? Number(text) : 0;
  return from < length ? from : 0;
}

/** In this order: what needs somebody first. */
const order = ['disabled', 'retrying', 'unserved', 'paused', 'delivering', 'holding', 'idle', 'elsewhere'];

/** How many targets are in each state, what needs somebody first. */
export function countStates(
  targets: readonly Target[],
): readonly (readonly [state: string, count: number])[] {
  const counts = new Map<string, number>();
  for (const { state } of targets) counts.set(state, (counts.get(state) ?? 0) + 1);
  const rank = (state: string) => (order.includes(state) ? order.indexOf(state) : order.length);
  return [...counts].sort(([a], [b]) => rank(a) - rank(b)).slice(0, maxStates);
}
