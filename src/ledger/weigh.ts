/**
 * Decides which counts: what an observation says, or what the index believes of the same tag or digest. Pure; Redis
 * restates it in `lua/weigh.lua`.
 *
 * | the observation                                | older if                                                 |
 * |------------------------------------------------|----------------------------------------------------------|
 * | a look (poll, HEAD)                            | it was asked for before the row was last believed; or    |
 * |                                                | the tag has changed since it was asked for (`basedOn`)   |
 * | told, with a sender's time                     | the same origin has said something later                 |
 * | told, and kept meanwhile (`keptAt`)            | as above; or the row was believed after it was kept      |
 * | told, without a sender's time                  | never: what arrives later counts                         |
 *
 * A told observation is `unsure` if the sender's time is not ahead of ours and lies before our last look at the tag:
 * a late delivery, or a sender whose clock is behind. Only the registry knows.
 *
 * Times of two senders are never compared: their clocks may differ by any amount.
 */
import type { Observation } from '../event/observation.ts';
import { type LedgerClock, toWall } from './ledger-clock.ts';

/** When, and by whom, a row of the index was last believed. */
export interface Remembered {
  /** The ledger's stamp at which this was last believed, ms. */
  readonly asOf: number;
  /** The stamp of the last look at the tag, ms; null or absent: none. */
  readonly lookedAt?: number | null;
  /** The newest time that a sender gave, ms since the epoch by its clock; null: none. */
  readonly saidAt: number | null;
  readonly saidBy: string | null;
}

/** The time of a decision, on both clocks. */
export interface Moment {
  /** The wall clock, ms since the epoch. */
  readonly now: number;
  readonly clock: LedgerClock;
}

type Weight = 'newer' | 'older' | 'unsure';

/**
 * A remembered time ahead of the ledger's clock makes only those times late that are ahead too, or older by at most
 * this, ms. If they are older, the sender's clock was probably corrected. Otherwise one moment with a wrong clock
 * would silence a sender until that moment comes.
 */
const maxLatenessMs = 600_000;

/** Decides by the table above. @param row of a tag also with the sequence of its last change */
export function weigh(
  seen: Observation,
  row: Remembered & { readonly sequence?: number },
  at: Moment,
): Weight {
  const stamp = stampOf(seen, at.clock);
  // A stamp ahead of the ledger's clock was lost to a crash, or comes from an earlier format.
  const believedAt = row.asOf > at.clock.stampedAt ? 0 : row.asOf;
  if (seen.looked === true) return stamp < believedAt || hasChanged(seen, row.sequence) ? 'older' : 'newer';
  if (isLate(seen, row, at.now)) return 'older';
  if (seen.keptAt !== undefined) return stamp < believedAt ? 'older' : 'newer';
  const { lookedAt = null } = row;
  if (seen.saidAt === undefined || lookedAt === null) return 'newer';
  // Ahead of a clock that stepped back, but not of the stamp: then our clock is wrong.
  if (seen.saidAt > at.now)
    return seen.saidAt <= at.clock.stampedAt && seen.saidAt < lookedAt ? 'unsure' : 'newer';
  return at.clock.stampedAt - (at.now - seen.saidAt) < lookedAt ? 'unsure' : 'newer';
}

/** Whether the tag has changed since the registry was asked. */
function hasChanged(seen: Observation, sequence = -1): boolean {
  return 'basedOn' in seen && seen.basedOn !== undefined && sequence > seen.basedOn;
}

function isLate(seen: Observation, row: Remembered, now: number): boolean {
  if (seen.saidAt === undefined || row.saidAt === null || row.saidBy !== seen.origin) return false;
  return seen.saidAt < row.saidAt && row.saidAt <= latestBinding(seen.saidAt, now);
}

/** A remembered time after `saidAt`, up to this one, makes `saidAt` late; ms since the epoch. */
export function latestBinding(saidAt: number, now: number): number {
  return saidAt > now ? Number.MAX_SAFE_INTEGER : Math.max(now, saidAt + maxLatenessMs);
}

/** The ledger's stamp of an observation, ms. */
export function stampOf(observation: Observation, { stampedAt }: LedgerClock): number {
  const { looked, ageMs = 0, keptAt } = observation;
  if (looked !== true || ('waited' in observation && observation.waited)) return keptAt ?? stampedAt;
  // A HEAD for something kept was sent after it was kept, even if the clock stepped.
  return Math.max(Math.floor(stampedAt - ageMs), keptAt ?? 0);
}

/**
 * The ledger's stamp as of which the observation certainly was true, ms: when the registry was asked, or the time that
 * a sender gave, if that is earlier than the arrival.
 */
export function certainAt(seen: Observation, { now, clock }: Moment): number {
  const stamp = stampOf(seen, clock);
  if (seen.looked === true || seen.saidAt === undefined) return stamp;
  return Math.min(stamp, clock.stampedAt - (now - seen.saidAt));
}

/** `certainAt` of an observation that says what was known; `known`: the stamp so far, null if there is none. */
export function confirmedAt(known: number | null, seen: Observation, at: Moment): number {
  // One ahead of the clock was lost to a crash.
  const earlier = known === null || known > at.clock.stampedAt ? 0 : known;
  return Math.max(earlier, certainAt(seen, at));
}

/** When it happened, as far as known, ms since the epoch; never after now. */
export function happenedAt(seen: Observation, { now, clock }: Moment): number {
  const arrivedAt = seen.keptAt ?? stampOf(seen, clock);
  return Math.min(seen.saidAt ?? toWall(clock, arrivedAt), now);
}

/** What the row remembers once the observation was believed. */
export function remembered(seen: Observation, row: Remembered | undefined, at: Moment) {
  const stamp = stampOf(seen, at.clock);
  const { stampedAt } = at.clock;
  const believedAt = row === undefined || row.asOf > stampedAt ? stamp : Math.max(stamp, row.asOf);
  const known = row?.lookedAt ?? null;
  const lookedAt = seen.looked === true ? Math.max(stamp, known ?? 0) : known;
  return {
    asOf: believedAt,
    lookedAt: lookedAt === null ? null : Math.min(lookedAt, stampedAt),
    ...newestSaid(seen, row, at.now),
  };
}

function newestSaid(seen: Observation, row: Remembered | undefined, now: number) {
  if (seen.saidAt === undefined || (row !== undefined && isLate(seen, row, now)))
    return { saidAt: row?.saidAt ?? null, saidBy: row?.saidBy ?? null };
  return { saidAt: seen.saidAt, saidBy: seen.origin };
}

/** The delivery keys that the ledger remembers. */
export interface Deliveries {
  /** The ledger's stamp when the key was remembered, ms; undefined if it is unknown or too old. */
  deliveredAt(key: string): number | undefined;
}

/** Whether the key was seen within its window, if any. A step of the clock ends windows: they cannot be measured. */
export function isDuplicate(view: Deliveries, observation: Observation, clock: LedgerClock): boolean {
  if (observation.dedupeKey === undefined || observation.dedupeKey === null) return false;
  const deliveredAt = view.deliveredAt(observation.dedupeKey);
  if (deliveredAt === undefined) return false;
  const { dedupeWindowMs } = observation;
  if (dedupeWindowMs === undefined) return true;
  return deliveredAt > clock.steppedAt && clock.stampedAt - deliveredAt < dedupeWindowMs;
}
