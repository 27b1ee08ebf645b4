import { isTime } from '../../event/time.ts';
import type { Bounds } from '../ledger.ts';
import type { Mark } from './mark.ts';

/** Where the file says that the ledger stands. */
export interface Standing extends Omit<Bounds, 'lost'> {
  /** `recordedAt` of the newest change, ms since the epoch. */
  readonly recordedAt: number;
}

/** The first and the last change that the file holds. */
export interface Ends {
  readonly first: number;
  readonly last: number;
  readonly recordedAt: number;
}

/** `ends`: null if the log is empty. `epoch`: to take if the file cannot keep its own. */
type OpeningFacts = Readonly<{ standing: Standing; ends: Ends | null; mark: Mark | null; epoch: string }>;

/** How the ledger goes on. */
export interface Verdict {
  readonly standing: Standing;
  /** Why the epoch is new, for the log; null: it is the file's own. */
  readonly lost: string | null;
}

/**
 * Decides whether an opened file can keep its epoch. A client that resumes trusts that every position up to the head
 * means what it meant when it was given out. In doubt the epoch is new, so that every client receives `reset`; the
 * history stays.
 */
export function judgeOpening({ standing, ends, mark, epoch }: OpeningFacts): Verdict {
  const { head, floor } = standing;
  // Ahead of `meta`: rows whose positions were given out. Behind it: the rows in between are gone.
  const isAhead = ends !== null && ends.last > head;
  const isCutOff = floor < head && (ends?.last ?? 0) < head;
  const isHollow = ends !== null && ends.first > floor + 1;
  const isTimeless = !isTime(standing.recordedAt);
  const reason =
    replaced(standing, mark) ?? (isAhead || isCutOff || isHollow ? incomplete(standing, ends) : null);
  const lost = reason ?? (isTimeless ? 'its newest time is none that can be written' : null);
  if (lost === null) return { standing, lost };
  const newHead = Math.max(head, ends?.last ?? 0);
  return {
    lost,
    standing: {
      epoch,
      head: newHead,
      floor: isCutOff || isTimeless || ends === null ? newHead : Math.max(floor, ends.first - 1),
      // Then the next change takes the clock's time.
      recordedAt: isTimeless ? 0 : Math.max(standing.recordedAt, timeOf(ends)),
    },
  };
}

function replaced({ epoch, head }: Standing, mark: Mark | null): string | null {
  if (mark === null) return null;
  if (mark.isLost) return 'it was overwritten while a gateway had it open';
  if (mark.epoch !== epoch)
    return `its epoch is ${epoch}, and the ledger here had ${mark.epoch}: it was replaced`;
  if (mark.head > head)
    return `it ends at change ${head}, and the ledger here had ${mark.head}: it is an older copy, or lost its write-ahead log`;
  return null;
}

function incomplete({ head, floor }: Standing, ends: OpeningFacts['ends']): string {
  const found = ends === null ? 'none' : `${ends.first} to ${ends.last}`;
  return `changes ${floor + 1} to ${head} must be there, and there are ${found}`;
}

function timeOf(ends: Ends | null): number {
  return ends !== null && isTime(ends.recordedAt) ? ends.recordedAt : 0;
}
