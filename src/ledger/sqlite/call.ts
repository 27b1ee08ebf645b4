import type { ErrorCode } from '../../errors.ts';
import type { Observation, PendingObservation, TagObserved } from '../../event/observation.ts';
import type { CursorMove } from '../cursors.ts';
import type { Recorded } from '../ledger.ts';

/** A `record`, `defer` or `saveCursors` of the port that waits for its group. */
export type Call =
  | {
      readonly kind: 'record';
      readonly observations: readonly Observation[];
      readonly settles: readonly string[];
    }
  | { readonly kind: 'defer'; readonly observations: readonly TagObserved[] }
  | { readonly kind: 'save'; readonly moves: readonly CursorMove[] };

/** What the commit of a group gives each call. */
export type CallResult =
  | { readonly kind: 'recorded'; readonly recorded: Recorded }
  | { readonly kind: 'deferred'; readonly pending: readonly PendingObservation[] }
  | { readonly kind: 'saved'; readonly saved: readonly boolean[] }
  /** Only this call is refused; the rest of its group is stored. */
  | { readonly kind: 'refused'; readonly code: ErrorCode; readonly message: string };

/** How many rows a call writes, at least. */
export function sizeOf(call: Call): number {
  return call.kind === 'save' ? call.moves.length : call.observations.length;
}
