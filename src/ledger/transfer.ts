/**
 * Moves a ledger as rows, so that another one, of any kind, goes on as the same ledger: same epoch and positions,
 * same index with its tombstones, same remembered deliveries. Every ledger can, beside the port: only
 * `manifeed ledger export` and `import` need it.
 */
import { ManifeedError, unavailable } from '../errors.ts';
import type { Change } from '../event/change.ts';
import type { Deferred } from '../event/observation.ts';
import type { RepositoryName } from '../event/reference.ts';
import type { TargetCursor, TargetWish } from './cursors.ts';
import type { ManifestRow, TagRow } from './decision.ts';
import type { Bounds } from './ledger.ts';
import type { ListMarks } from './list-marks.ts';
import { maxBatch } from './queries.ts';

/**
 * A row of an export. In order: the header; the changes from floor + 1 to head; tags (tombstones too), manifests,
 * baselines, list marks, deliveries (oldest first), pending tags and targets, with kinds in any order; the end.
 */
export type LedgerRow =
  | HeaderRow
  | ({ readonly row: 'change' } & Omit<Change, 'epoch'>)
  | ({ readonly row: 'tag' } & TagRow)
  | ({ readonly row: 'manifest' } & ManifestRow)
  | {
      readonly row: 'baseline';
      readonly registry: string;
      readonly repository: string;
      readonly scope: string;
    }
  | ({ readonly row: 'listed' } & RepositoryName & ListMarks)
  /** `at`: when the key was remembered, ms since the epoch. */
  | { readonly row: 'delivery'; readonly key: string; readonly at: number }
  /** Imported unclaimed, with a new id: leases and ids belong to the previous gateways. */
  | { readonly row: 'pending'; readonly observation: Deferred }
  /** Imported without a lease. */
  | {
      readonly row: 'target';
      readonly name: string;
      readonly cursor: TargetCursor;
      readonly wish: TargetWish;
    }
  /** `rows`: how many precede this one. Without it the export was cut off. */
  | { readonly row: 'end'; readonly rows: number };

interface HeaderRow extends Omit<Bounds, 'lost'> {
  readonly row: 'header';
  readonly format: TransferFormat;
  /** recordedAt of the newest change, ms since the epoch: the next one is not earlier. 0: there was none. */
  readonly recordedAt: number;
  /** The ledger's newest stamp, ms; absent in exports of earlier versions. */
  readonly stampedAt?: number;
}

/**
 * The version of the rows. 1: the first. 2: list marks; when tags were checked; media type and size of digests.
 * 3: targets.
 */
export const transferFormat = 3;
export type TransferFormat = 1 | 2 | 3;

/** A ledger that can be moved. */
export interface Transferable {
  /** Everything the ledger holds, as of one moment. One export at a time. */
  exportRows(): AsyncIterable<LedgerRow>;
  /**
   * Fills an empty ledger, which takes over the epoch of the rows; tails receive `reset`. All or nothing.
   *
   * @throws BODY_INVALID if the rows are not a whole export, UNAVAILABLE if the ledger is not empty or fails
   */
  importRows(rows: AsyncIterable<LedgerRow>): Promise<void>;
}

/** Passes the rows on, and throws unless they are one whole export. Every import reads through this. */
export async function* wholeExport(rows: AsyncIterable<LedgerRow>): AsyncGenerator<LedgerRow> {
  let count = 0;
  let header: HeaderRow | null = null;
  let sequence = 0;
  let recordedAt = 0;
  let targets = 0;
  let hasEnded = false;
  const refuse = (found: string, required: string) =>
    new ManifeedError('BODY_INVALID', `import ledger: row ${count + 1}: ${found}: must be ${required}`);
  for await (const row of rows) {
    if (hasEnded) throw refuse('a row after the end', 'nothing after the end');
    if (row.row === 'header') {
      if (header !== null) throw refuse('a second header', 'one header');
      header = row;
      sequence = row.floor;
    } else if (header === null) throw refuse(`a ${row.row} first`, 'the header first');
    else if (row.row === 'change') {
      sequence += 1;
      // A search by time is binary, so times must not fall.
      if (row.recordedAt < recordedAt || row.recordedAt > header.recordedAt)
        throw refuse(
          `recordedAt ${row.recordedAt}`,
          `${recordedAt} to ${header.recordedAt}, from the change before to the header`,
        );
      recordedAt = row.recordedAt;
      if (row.sequence !== sequence || sequence > header.head)
        throw refuse(`change ${row.sequence}`, `each of ${header.floor + 1} to ${header.head} in order`);
    } else if (sequence !== header.head)
      throw refuse(`a ${row.row} after change ${sequence}`, `all changes to ${header.head} first`);
    if (row.row === 'tag' && row.sequence > header.head)
      throw refuse(`sequence ${row.sequence}`, `at most the head, ${header.head}`);
    if (row.row === 'target') targets += 1;
    if (targets > maxBatch) throw refuse('one more target', `at most ${maxBatch} targets`);
    if (row.row === 'end') {
      if (row.rows !== count) throw refuse(`${count} rows before the end`, `${row.rows}`);
      hasEnded = true;
    }
    count += 1;
    yield row;
  }
  if (!hasEnded) throw refuse('no end: the export was cut off', 'a whole export');
}

/** For an import into a ledger that holds something. */
export function refuseNotEmpty(head: number): ManifeedError {
  return unavailable(
    `import ledger: the ledger holds something already (head ${head}): must be new and empty`,
  );
}
