/** Reads past changes, newest first. */
import { ManifeedError } from '../../errors.ts';
import type { Change } from '../../event/change.ts';
import type { Filter } from '../../event/filter.ts';
import { isGlob } from '../../event/glob.ts';
import { formatPosition, type Position } from '../../event/position.ts';
import { repositoryKey, repositoryOfKey } from '../../event/reference.ts';
import type { Bounds } from '../../ledger/ledger.ts';
import type { HistoryQuery, LedgerQueries } from '../../ledger/queries.ts';
import { collectPage, type Reading } from '../../reading/reading.ts';

export interface ChangesRequest {
  readonly filter: Filter;
  /** Only changes before this position; undefined: from the newest on. */
  readonly before: Position | undefined;
  /** Most changes, 1–1,000. */
  readonly n: number;
}

export interface ChangesPage {
  /** Newest first. */
  readonly changes: readonly Change[];
  /** `before` of the next page; null: the history ends here. */
  readonly next: Position | null;
  /** Where the log began and ended when this was read. */
  readonly bounds: Bounds;
}

/** @throws POSITION_GONE if `before` is of another epoch, or ahead of the head */
export async function readChanges(
  ledger: Pick<LedgerQueries, 'history'>,
  reading: Reading,
  { filter, before, n }: ChangesRequest,
): Promise<ChangesPage> {
  const narrowed = narrow(filter);
  let bounds: Bounds | null = null;
  const { rows, next } = await collectPage<Change, number>(
    reading,
    {
      async read(after, limit) {
        const page = await ledger.history({
          ...narrowed,
          ...(after !== undefined && { before: after }),
          limit,
        });
        if (bounds === null) check(before, page.bounds);
        else if (bounds.epoch !== page.bounds.epoch) throw gone('epoch', page.bounds);
        bounds = page.bounds;
        return { rows: page.changes, next: page.next, looked: page.looked };
      },
      placeOf: ({ sequence }) => sequence,
      judge: (change) => reading.judge(filter, repositoryKey(change), () => filter.matchesRest(change)),
      // Sequences are dense, and part of every position: one tells nothing of its change.
      mayTell: () => true,
    },
    { after: before?.sequence, n, narrowedBy: 'repository' },
  );
  const { epoch, floor, head }: Bounds = bounds ?? { epoch: '', floor: 0, head: 0 };
  return {
    changes: rows,
    next: next === null ? null : { epoch, sequence: next },
    bounds: { epoch, floor, head },
  };
}

/** What the ledger itself can select: one repository, or one of its tags, and types. */
function narrow(filter: Filter): Pick<HistoryQuery, 'of' | 'types'> {
  const types = [...filter.types];
  const [key, another] = filter.repositories;
  if (key === undefined || another !== undefined || filter.patterns.length > 0) return { types };
  const [scope, otherScope] = filter.tagScopes;
  const isOneTag = scope !== undefined && otherScope === undefined && !isGlob(scope);
  return { of: { ...repositoryOfKey(key), ...(isOneTag && { tag: scope }) }, types };
}

/**
 * `before` may be one more than the head: then all changes are before it. Below the floor the history has ended, which
 * the answer says by its `floor`.
 */
function check(before: Position | undefined, bounds: Bounds): void {
  if (before === undefined) return;
  if (before.epoch !== bounds.epoch) throw gone('epoch', bounds);
  if (before.sequence > bounds.head + 1) throw gone('ahead-of-head', bounds);
}

function gone(reason: string, { epoch, floor, head }: Bounds): ManifeedError {
  const position = formatPosition(epoch, head);
  const lowest = formatPosition(epoch, floor);
  return new ManifeedError(
    'POSITION_GONE',
    `read changes: ${reason}: must be a position after ${lowest}, up to ${position}`,
    {
      detail: { reason, position, floor: lowest },
    },
  );
}
