import type { Bounds, Ledger } from '../ledger/ledger.ts';
import type { ResetReason } from './sink.ts';
import type { Start } from './subscriber.ts';

/** Where a subscription begins. */
export interface ResolvedStart {
  /** Replay what comes after this sequence. */
  readonly sequence: number;
  /** Not null: the start could not be honoured, and `sequence` is the head. */
  readonly reset: ResetReason | null;
}

/**
 * Turns a requested start into a sequence, or says why it cannot be honoured: a position of another epoch, below
 * the floor or ahead of the head; a time whose changes may have been dropped.
 *
 * @param head what fan-out has reached: a live start begins there
 */
export async function resolveStart(
  start: Start,
  bounds: Bounds,
  ledger: Pick<Ledger, 'seek'>,
  head: number,
): Promise<ResolvedStart> {
  switch (start.kind) {
    case 'live':
      return { sequence: head, reset: null };
    case 'after':
      if (start.epoch !== bounds.epoch) return { sequence: head, reset: 'epoch' };
      if (start.sequence < bounds.floor)
        return { sequence: head, reset: reasonBelowFloor(start.sequence, bounds) };
      if (start.sequence > Math.max(bounds.head, head)) return { sequence: head, reset: 'ahead-of-head' };
      return { sequence: start.sequence, reset: null };
    case 'since': {
      const sequence = await ledger.seek(start.time);
      // At the floor of a trimmed ledger, changes since that time may have been dropped.
      if (bounds.floor > 0 && sequence <= bounds.floor) return { sequence: head, reset: 'below-floor' };
      return { sequence, reset: null };
    }
  }
}

/** Why a position is below the floor: retention dropped the changes after it, or the store lost them. */
function reasonBelowFloor(sequence: number, { lost = 0 }: Bounds): ResetReason {
  return sequence < lost ? 'continuity-lost' : 'below-floor';
}
