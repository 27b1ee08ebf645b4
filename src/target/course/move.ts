/** Where a target goes on when an operator moves it. */
import type { TargetCursor, TargetWish } from '../../ledger/cursors.ts';

/** Moves back and repeats, or moves forward and gives up. */
export type Move = 'replay' | 'skip';

/** What a wish with `goTo` asks for. */
export function moveOf({ replay }: Pick<TargetWish, 'replay'>): Move {
  return replay === null ? 'skip' : 'replay';
}

/**
 * Null: it stays where it is. A replay never moves forward, because it would give up what still waits, and a skip never
 * back: the target may have gone on since the operator asked.
 *
 * @param at where the target is
 * @param to a position of the ledger now; one of another epoch than `at` is always followed
 */
export function movedTo(
  at: TargetCursor,
  to: { readonly epoch: string; readonly sequence: number },
  move: Move,
): TargetCursor | null {
  const { epoch, sequence } = to;
  const moved = { epoch, low: sequence, done: [] };
  if (epoch !== at.epoch) return moved;
  if (move === 'replay') return sequence > at.low ? null : moved;
  return sequence <= at.low ? null : { ...moved, done: at.done.filter((each) => each > sequence) };
}
