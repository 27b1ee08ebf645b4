import type { TargetWish } from '../ledger/cursors.ts';

/**
 * What a target is doing. `retrying`: something failed, and waits to be tried again. `holding`: changes wait for
 * `coalesce`, for `minAge`, or for the ledger, and none failed. `idle`: no change waits.
 */
export type TargetState = 'delivering' | 'retrying' | 'holding' | 'idle' | 'paused' | 'disabled';

interface Doing {
  readonly wish: Pick<TargetWish, 'paused' | 'disabled'>;
  /** Attempts. */
  readonly underWay: number;
  /** When what failed is tried again, monotonic ms; null: nothing failed. */
  readonly retryAt: number | null;
  /** Changes that wait or are under way. */
  readonly waiting: number;
}

export function stateOf({ wish, underWay, retryAt, waiting }: Doing): TargetState {
  if (wish.disabled !== null) return 'disabled';
  if (wish.paused) return 'paused';
  if (underWay > 0) return 'delivering';
  if (retryAt !== null) return 'retrying';
  return waiting > 0 ? 'holding' : 'idle';
}
