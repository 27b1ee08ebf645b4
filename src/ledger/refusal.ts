import { ManifeedError, unavailable } from '../errors.ts';
import type { Bounds } from './ledger.ts';

/** For a read at a sequence that the ledger holds no longer, or not yet. */
export function refusePosition(after: number, { floor, head, lost = 0 }: Bounds): ManifeedError {
  const below = after < lost ? 'continuity-lost' : 'below-floor';
  const reason = after < floor ? below : 'ahead-of-head';
  return new ManifeedError('POSITION_GONE', `read changes: after ${after}: must be ${floor} to ${head}`, {
    detail: { reason, position: after, floor, head },
  });
}

/** For a read at a sequence after which changes are missing or damaged. */
export function refuseLost(after: number, { floor, head }: Bounds): ManifeedError {
  return new ManifeedError(
    'POSITION_GONE',
    `read changes: after ${after}: the changes up to ${floor} are lost: must be ${floor} to ${head}`,
    { detail: { reason: 'continuity-lost', position: after, floor, head } },
  );
}

/** For observations that would exceed `maxPending`. */
export function refusePending(waiting: number, more: number, maxPending: number): ManifeedError {
  const state = `${waiting} wait and ${more} more came`;
  return unavailable(`defer observations: ${state}: must be at most ${maxPending}`);
}
