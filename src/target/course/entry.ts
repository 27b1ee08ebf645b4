import type { WireChange } from '../../event/wire-change.ts';

/** A change, with what a course needs to know of it. The same for all targets. */
export interface Arrival {
  readonly sequence: number;
  readonly change: WireChange;
  /** `registry/repository` */
  readonly repository: string;
  /** What order is kept for: the tag, or the digest of a `manifest.*` change. */
  readonly subject: string;
}

/** One change on its way to the tool. */
export interface Entry extends Arrival {
  /** When it was recorded, on the monotonic clock, ms. */
  readonly bornAt: number;
}

export function arrivalOf(change: WireChange, sequence: number): Arrival {
  const repository = `${change.registry}/${change.repository}`;
  const subject = `${repository}:${change.tag ?? change.digest ?? change.previousDigest}`;
  return { sequence, change, repository, subject };
}

/** @param nowMs wall clock @param now monotonic ms */
export function entryOf(
  { sequence, change, repository, subject }: Arrival,
  nowMs: number,
  now: number,
): Entry {
  // A change from the future, after a step of the clock, is as good as new.
  const ageMs = Math.max(0, nowMs - Date.parse(change.recordedAt));
  return { sequence, change, repository, subject, bornAt: now - ageMs };
}
