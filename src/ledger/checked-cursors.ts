import type { Position } from '../event/position.ts';
import {
  type Lease,
  maxDone,
  maxLeaseMs,
  maxReason,
  type TargetCursor,
  type TargetCursors,
  targetNameGrammar,
  type WishChange,
} from './cursors.ts';
import { assertBatch } from './queries.ts';

/** Of holders and ids of replays. */
const idGrammar = /^[0-9A-Za-z._:-]{1,64}$/;
const epochGrammar = /^[0-9a-z]{1,32}$/;

/**
 * The store behind checks of what it is given: the configuration and the target check it first, so what does not pass
 * is a defect (RangeError). A call without names asks nothing.
 */
export function checkedCursors(store: TargetCursors): TargetCursors {
  return {
    async claimTargets(names, holder, leaseMs) {
      assertBatch(names);
      for (const name of names) assertName(name);
      assertText('holder', holder, idGrammar);
      assertLease(leaseMs);
      return names.length === 0 ? [] : store.claimTargets(names, holder, leaseMs);
    },
    async renewTargets(held, leaseMs) {
      assertHeld(held);
      assertLease(leaseMs);
      return held.length === 0 ? [] : store.renewTargets(held, leaseMs);
    },
    async saveCursors(moves) {
      assertHeld(moves);
      for (const { cursor, took } of moves) {
        assertCursor(cursor);
        if (took !== undefined) assertCount('took', took);
      }
      return moves.length === 0 ? [] : store.saveCursors(moves);
    },
    async releaseTargets(held) {
      assertHeld(held);
      if (held.length > 0) await store.releaseTargets(held);
    },
    async wishTarget(name, change) {
      assertName(name);
      return store.wishTarget(name, checkedChange(change));
    },
    listTargets: () => store.listTargets(),
  };
}

function checkedChange(change: WishChange): WishChange {
  const { disabled, goTo, replay } = change;
  if (goTo !== undefined && goTo !== null) assertPosition(goTo);
  if (replay !== undefined && replay !== null) assertText('replay', replay, idGrammar);
  if (disabled === undefined || disabled === null) return change;
  return { ...change, disabled: disabled.slice(0, maxReason).toWellFormed() };
}

function assertHeld(held: readonly Lease[]): void {
  assertBatch(held);
  for (const { name, fence } of held) {
    assertName(name);
    assertCount('fence', fence);
  }
}

function assertCursor({ epoch, low, done }: TargetCursor): void {
  assertPosition({ epoch, sequence: low });
  if (done.length > maxDone) throw refuse('done', `${done.length} sequences`, `at most ${maxDone}`);
  let before = low;
  for (const sequence of done) {
    assertCount('done', sequence);
    if (sequence <= before) throw refuse('done', `${sequence} after ${before}`, 'rising, above low');
    before = sequence;
  }
}

function assertPosition({ epoch, sequence }: Position): void {
  assertText('epoch', epoch, epochGrammar);
  assertCount('sequence', sequence);
}

function assertName(name: string): void {
  assertText('name', name, targetNameGrammar);
}

function assertText(what: string, text: string, grammar: RegExp): void {
  if (!grammar.test(text))
    throw refuse(what, JSON.stringify(text.slice(0, 100)), `of the form ${grammar.source}`);
}

function assertLease(leaseMs: number): void {
  if (!(leaseMs > 0 && leaseMs <= maxLeaseMs)) throw refuse('leaseMs', `${leaseMs}`, `1 to ${maxLeaseMs}`);
}

function assertCount(what: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 0) throw refuse(what, `${value}`, 'a whole number from 0');
}

function refuse(what: string, found: string, required: string): RangeError {
  return new RangeError(`keep the cursor of a target: ${what}: ${found}: must be ${required}`);
}
