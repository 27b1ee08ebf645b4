/** Checks a change that was read: an import file and a shared Redis are untrusted input. */
import type { Change } from '../event/change.ts';
import { isDigest } from '../event/digest.ts';
import { isPlatformKey, maxPlatforms, type Platforms } from '../event/platform.ts';
import { isTag } from '../event/reference.ts';
import { isStoredRepository } from '../event/stored-repository.ts';
import { maxTimeMs } from '../event/time.ts';

/** 0001-01-01, ms: some senders use it for "unknown". */
const earliestMs = -62_135_596_800_000;
const epochGrammar = /^[0-9a-z]{1,32}$/;

/** Positions travel in a field of SSE, which a line break would end. */
export function isEpoch(value: unknown): value is string {
  return typeof value === 'string' && epochGrammar.test(value);
}

/** Whether RFC 3339 can write the time, ms since the epoch. */
export function isTimeMs(value: number): boolean {
  return Number.isInteger(value) && value >= earliestMs && value <= maxTimeMs;
}

/** Whether it is an exact integer from 0, such as a sequence or a size. */
export function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

/** Whether it can be what an index was read to hold. */
export function isPlatforms(value: unknown): value is Platforms {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const entries = Object.entries(value);
  return (
    entries.length <= maxPlatforms && entries.every(([key, digest]) => isPlatformKey(key) && isDigest(digest))
  );
}

/** Whether it can be a list of moved platforms. */
export function isMoved(value: unknown): value is readonly string[] {
  const isPlatform = (each: unknown) => typeof each === 'string' && isPlatformKey(each);
  return Array.isArray(value) && value.length <= 2 * maxPlatforms && value.every(isPlatform);
}

/** The first member that no ledger would have stored, or null. The caller checks digests. */
export function badMember(change: Omit<Change, 'epoch'>): keyof Change | null {
  if (!isCount(change.sequence) || change.sequence === 0) return 'sequence';
  if (!isStoredRepository(change.registry, change.repository)) return 'repository';
  if (change.tag !== null && !isTag(change.tag)) return 'tag';
  if (change.size !== null && !isCount(change.size)) return 'size';
  if (!isTimeMs(change.occurredAt)) return 'occurredAt';
  if (!isTimeMs(change.recordedAt)) return 'recordedAt';
  const { platforms, movedPlatforms } = change;
  if (platforms !== undefined && platforms !== null && !isPlatforms(platforms)) return 'platforms';
  if (movedPlatforms !== undefined && !isMoved(movedPlatforms)) return 'movedPlatforms';
  return null;
}
