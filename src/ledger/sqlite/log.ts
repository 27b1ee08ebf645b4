import type { Change } from '../../event/change.ts';
import { repositoryKey } from '../../event/reference.ts';
import { isTime } from '../../event/time.ts';
import type { Bounds, Page } from '../ledger.ts';
import { ChangesLost, RecordDamaged } from '../loss.ts';
import { changeChecksum, type SummedChange } from './checksum.ts';
import { decodeDigest, decodeType, encodeDigest, encodeType } from './codec.ts';
import type { SqliteNames } from './names.ts';
import type { Db } from './tables.ts';

interface StoredChange extends SummedChange {
  /** Null in rows of schema 1. */
  readonly checksum: number | null;
}

// A probe of the index for each repository costs about as much as scanning a page; past this, scanning wins.
const maxIndexedRepositories = 16;

/** The log of changes in SQLite: append, read in pages, find by time, drop the oldest. */
export class SqliteLog {
  readonly #names: SqliteNames;
  readonly #maxScanned: number;
  readonly #sql;

  constructor(db: Db, names: SqliteNames, maxScanned: number) {
    this.#names = names;
    this.#maxScanned = maxScanned;
    this.#sql = {
      append: db.prepare(
        `INSERT INTO change (sequence, type, repository_id, tag, digest, previous_digest, media_type_id, size,
           occurred_at, recorded_at, origin_id, checksum) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ),
      range: db.prepare<[number, number], StoredChange>(
        'SELECT * FROM change WHERE sequence > ? ORDER BY sequence LIMIT ?',
      ),
      one: db.prepare<[number], StoredChange>('SELECT * FROM change WHERE sequence = ?'),
      repositories: db
        .prepare<[number, number], [number, number]>(
          'SELECT sequence, repository_id FROM change WHERE sequence > ? ORDER BY sequence LIMIT ?',
        )
        .raw(),
      ofRepository: db
        .prepare<[number, number, number], number>(
          `SELECT sequence FROM change INDEXED BY change_by_repository
             WHERE repository_id = ? AND sequence > ? ORDER BY sequence LIMIT ?`,
        )
        .pluck(),
      recordedAt: db.prepare<[number], number>('SELECT recorded_at FROM change WHERE sequence = ?').pluck(),
      first: db.prepare<[], number | null>('SELECT min(sequence) FROM change').pluck(),
      drop: db.prepare('DELETE FROM change WHERE sequence <= ?'),
    };
  }

  append(change: Change): void {
    const row: SummedChange = {
      sequence: change.sequence,
      type: encodeType(change.type),
      repository_id: this.#names.repositoryId(change),
      tag: change.tag,
      digest: encodeDigest(change.digest),
      previous_digest: encodeDigest(change.previousDigest),
      media_type_id: this.#names.wordId(change.mediaType),
      size: change.size,
      occurred_at: change.occurredAt,
      recorded_at: change.recordedAt,
      origin_id: this.#names.wordId(change.origin),
    };
    this.#sql.append.run(
      row.sequence,
      row.type,
      row.repository_id,
      row.tag,
      row.digest,
      row.previous_digest,
      row.media_type_id,
      row.size,
      row.occurred_at,
      row.recorded_at,
      row.origin_id,
      changeChecksum(row, this.#names),
    );
  }

  /**
   * A page after `after`, which lies within the bounds. It ends before a change that is missing or damaged.
   *
   * @throws ChangesLost where that is the first
   */
  page(after: number, limit: number, bounds: Bounds, repositories?: readonly string[]): Page {
    if (repositories === undefined) return this.#pageOfAll(after, limit, bounds);
    const { epoch, head } = bounds;
    const { sequences, next } =
      repositories.length <= maxIndexedRepositories
        ? this.#findByIndex(after, limit, head, repositories)
        : this.#findByScan(after, limit, head, new Set(repositories));
    const changes: Change[] = [];
    for (const sequence of sequences) {
      const change = this.#toChange(this.#sql.one.get(sequence), epoch);
      if (change !== null) changes.push(change);
      else if (changes.length > 0) return { changes, next: sequence - 1, atHead: false };
      else throw new ChangesLost(sequence, `change ${sequence} is damaged`);
    }
    return { changes, next, atHead: next === head };
  }

  #pageOfAll(after: number, limit: number, { epoch, head }: Bounds): Page {
    const rows = this.#sql.range.all(after, limit);
    const changes: Change[] = [];
    for (const row of rows) {
      const change = row.sequence === after + changes.length + 1 ? this.#toChange(row, epoch) : null;
      if (change === null) break;
      changes.push(change);
    }
    const next = after + changes.length;
    if (changes.length === 0 && next < head) throw lostAfter(after, rows[0]?.sequence, head);
    return { changes, next, atHead: next === head };
  }

  /**
   * Each repository's next sequences from the index, merged: looks at no entry of another repository, and so
   * cannot see that one is missing. The scrub does (scrub.ts).
   */
  #findByIndex(after: number, limit: number, head: number, repositories: readonly string[]) {
    const found = [...new Set(repositories)].flatMap((key) => {
      const id = this.#findRepository(key);
      return id === undefined ? [] : this.#sql.ofRepository.all(id, after, limit);
    });
    const sequences = found.sort((a, b) => a - b).slice(0, limit);
    const last = sequences.at(-1);
    return { sequences, next: last !== undefined && found.length >= limit ? last : head };
  }

  /** The wanted among the next `maxScanned` entries. */
  #findByScan(after: number, limit: number, head: number, wanted: ReadonlySet<string>) {
    const sequences: number[] = [];
    let next = after;
    for (const [sequence, id] of this.#sql.repositories.iterate(after, this.#maxScanned)) {
      if (sequence !== next + 1) {
        if (next === after) throw lostAfter(after, sequence, head);
        break;
      }
      next = sequence;
      if (wanted.has(repositoryKey(this.#names.repository(id)))) sequences.push(sequence);
      if (sequences.length === limit) break;
    }
    if (next === after && after < head) throw lostAfter(after, undefined, head);
    return { sequences, next };
  }

  /** The oldest change in the table, below the floor too; null: there is none. */
  first(): number | null {
    return this.#sql.first.get() ?? null;
  }

  /**
   * The sequence just before the first change recorded at or after `time`: a binary search by key.
   *
   * @throws ChangesLost where it meets a change that is missing
   */
  seek(time: number, { floor, head }: Bounds): number {
    let [before, from] = [floor, head + 1];
    while (from - before > 1) {
      const middle = Math.floor((before + from) / 2);
      const recordedAt = this.#sql.recordedAt.get(middle);
      if (recordedAt === undefined) throw new ChangesLost(middle, `change ${middle} is missing`);
      if (recordedAt >= time) from = middle;
      else before = middle;
    }
    return from - 1;
  }

  /** Deletes all up to this sequence. */
  drop(upTo: number): void {
    this.#sql.drop.run(upTo);
  }

  #findRepository(key: string): number | undefined {
    const slash = key.indexOf('/');
    return this.#names.findRepository(key.slice(0, slash), key.slice(slash + 1));
  }

  /** Null where it is not there, or not as it was written. */
  #toChange(row: StoredChange | undefined, epoch: string): Change | null {
    if (row === undefined) return null;
    try {
      if (row.checksum !== null && row.checksum !== changeChecksum(row, this.#names)) return null;
      // A file of schema 1 may hold times that no client can be told: an import took any.
      return isTime(row.occurred_at) && isTime(row.recorded_at) ? this.#decode(row, epoch) : null;
    } catch (error) {
      if (error instanceof RecordDamaged) return null;
      throw error;
    }
  }

  #decode(row: StoredChange, epoch: string): Change {
    const { registry, repository } = this.#names.repository(row.repository_id);
    return {
      epoch,
      sequence: row.sequence,
      type: decodeType(row.type),
      registry,
      repository,
      tag: row.tag,
      digest: decodeDigest(row.digest),
      previousDigest: decodeDigest(row.previous_digest),
      mediaType: this.#names.word(row.media_type_id),
      size: row.size,
      occurredAt: row.occurred_at,
      recordedAt: row.recorded_at,
      origin: this.#names.word(row.origin_id),
    };
  }
}

function lostAfter(after: number, found: number | undefined, head: number): ChangesLost {
  if (found === undefined) return new ChangesLost(head, `no change after ${after}, with the head at ${head}`);
  if (found === after + 1) return new ChangesLost(found, `change ${found} is damaged`);
  return new ChangesLost(found - 1, `change ${found} follows ${after}`);
}
