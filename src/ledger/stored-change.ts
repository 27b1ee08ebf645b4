/** Checks a change that was read: an import file and a shared Redis are input like any other. */
import type { Change } from '../event/change.ts';
import { isTag } from '../event/reference.ts';
import { isStoredRepository } from '../event/stored-repository.ts';
import { maxTimeMs } from '../event/time.ts';

/** 0001-01-01, ms: some senders mean "unknown" by it. */
const earliestMs = -62_135_596_800_000;
const epochGrammar = /^[0-9a-z]{1,32}$/;

/** Positions travel as a field of SSE, where a line break would begin another one. */
export function isEpoch(value: unknown): value is string {
  return typeof value === 'string' && epochGrammar.test(value);
}

/** Whether RFC 3339 can write the time, ms since the epoch. */
export function isTimeMs(value: number): boolean {
  return Number.isInteger(value) && value >= earliestMs && value <= maxTimeMs;
}

/** Whether it can be a sequence, a size or another count: an exact integer, not below 0. */
export function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

/** The first member that no ledger would have stored; null if there is none. Digests were checked before. */
export function badMember(change: Omit<Change, 'epoch'>): keyof Change | null {
  if (!isCount(change.sequence) || change.sequence === 0) return 'sequence';
  if (!isStoredRepository(change.registry, change.repository)) return 'repository';
  if (change.tag !== null && !isTag(change.tag)) return 'tag';
  if (change.size !== null && !isCount(change.size)) return 'size';
  if (!isTimeMs(change.occurredAt)) return 'occurredAt';
  if (!isTimeMs(change.recordedAt)) return 'recordedAt';
  return null;
}
