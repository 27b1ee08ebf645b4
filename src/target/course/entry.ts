import type { WireChange } from '../../event/wire-change.ts';

/** One change on its way to the tool. */
export interface Entry {
  readonly sequence: number;
  readonly change: WireChange;
  /** `registry/repository` */
  readonly repository: string;
  /** What order is kept for: the tag, or the digest of a `manifest.*` change. */
  readonly subject: string;
  /** When it was recorded, on the monotonic clock, ms. */
  readonly bornAt: number;
}

/** @param nowMs wall clock @param now monotonic ms */
export function entryOf(change: WireChange, sequence: number, nowMs: number, now: number): Entry {
  const repository = `${change.registry}/${change.repository}`;
  const subject = `${repository}:${change.tag ?? change.digest ?? change.previousDigest}`;
  // A change from the future, after a step of the clock, is as good as new.
  const ageMs = Math.max(0, nowMs - Date.parse(change.recordedAt));
  return { sequence, change, repository, subject, bornAt: now - ageMs };
}
