/**
 * The cursor port: where each target is, which gateway serves it, and what its operator wants of it. All of it is
 * durable where the ledger is, and refused where the ledger is refused. A target is known by its name alone.
 *
 * One gateway at a time has the lease of a target. Leases are measured by the ledger's own clock (`ledger-clock.ts`).
 * Each claim has a fence, a number that rises; a gateway that saves a cursor must have the newest. So a gateway that was
 * paused for longer than its lease cannot write over what another one did meanwhile.
 */
import type { Position } from '../event/position.ts';

/** Where a target is: everything at or before `low` is done, and of what follows, `done` is. */
export interface TargetCursor {
  /**
   * Another one than the ledger's: the ledger lost continuity since. Empty: the store lost the row, or found it
   * damaged. In both cases the target cannot go on from here.
   */
  readonly epoch: string;
  readonly low: number;
  /** Sequences above `low`, rising; at most `maxDone`. */
  readonly done: readonly number[];
}

/** What an operator wants of a target, or what its tool said. */
export interface TargetWish {
  readonly paused: boolean;
  /** Why the target does nothing more until an operator resumes it, at most `maxReason` characters; null: it is not. */
  readonly disabled: string | null;
  /** Where it is to go on; the gateway that serves it takes it once (`CursorMove.took`). Null: where it is. */
  readonly goTo: (Position & { readonly number: number }) | null;
  /** An id that makes delivery ids new; null: there was no replay, or a skip after it. With it, `goTo` leads back only. */
  readonly replay: string | null;
  /** Rises with each wish; 0: there was none. */
  readonly number: number;
}

/** Members that are absent stay as they are. */
export interface WishChange {
  readonly paused?: boolean;
  readonly disabled?: string | null;
  readonly goTo?: Position | null;
  readonly replay?: string | null;
}

/** A lease as its holder has it. */
export interface Lease {
  readonly name: string;
  readonly fence: number;
}

/** What a claim gives. */
export interface HeldTarget extends Lease {
  readonly cursor: TargetCursor;
  readonly wish: TargetWish;
  /** The ledger did not know the name: its cursor is at the head. */
  readonly isNew: boolean;
}

export interface CursorMove extends Lease {
  readonly cursor: TargetCursor;
  /** The number of the wish `goTo` that the cursor follows: it is taken in the same commit, unless a newer one came. */
  readonly took?: number;
}

export interface TargetRow {
  readonly name: string;
  readonly cursor: TargetCursor;
  readonly wish: TargetWish;
  /** The gateway that has its lease; null: none now. */
  readonly holder: string | null;
  /** How long the lease still lasts, ms; 0: there is none. */
  readonly heldForMs: number;
  /** How long ago it was last claimed or renewed, to a minute, ms; null: not measurable, because a clock stepped. */
  readonly seenAgeMs: number | null;
}

export interface TargetCursors {
  /**
   * Leases those of `names` that nobody else holds. A name that is new begins at the head. A holder that claims again
   * gets a new fence, because the answer to its last claim may have been lost.
   *
   * Rows that nobody holds, claimed longest ago, go beyond `maxTargets`. Rejects with `UNAVAILABLE`, and leases none,
   * if more are held.
   *
   * @param holder names the process, not the machine
   * @param leaseMs at most `maxLeaseMs`
   */
  claimTargets(names: readonly string[], holder: string, leaseMs: number): Promise<readonly HeldTarget[]>;
  /** Prolongs leases. Returns those that are still the caller's, with the newest wish. */
  renewTargets(
    held: readonly Lease[],
    leaseMs: number,
  ): Promise<readonly { readonly name: string; readonly wish: TargetWish }[]>;
  /** Moves cursors in one commit. False for a move whose fence is not the newest: nothing of it was written. */
  saveCursors(moves: readonly CursorMove[]): Promise<readonly boolean[]>;
  /** Ends leases, so that another gateway need not wait. Fences that are not the newest end nothing. */
  releaseTargets(held: readonly Lease[]): Promise<void>;
  /** Changes what is wanted of a target, at any gateway. Null: its name is not known. */
  wishTarget(name: string, change: WishChange): Promise<TargetRow | null>;
  /** All that are known, by name; also those that no configuration names any more. */
  listTargets(): Promise<readonly TargetRow[]>;
}

/** Names of targets, at most 64 characters. */
export const targetNameGrammar = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
/** Sequences in `TargetCursor.done`. */
export const maxDone = 1_000;
export const maxLeaseMs = 600_000;
/** Characters of `TargetWish.disabled`; longer reasons are cut. */
export const maxReason = 500;

export const newWish: TargetWish = { paused: false, disabled: null, goTo: null, replay: null, number: 0 };

/** The cursor of a row that the store lost, or found damaged. */
export const lostCursor: TargetCursor = { epoch: '', low: 0, done: [] };
