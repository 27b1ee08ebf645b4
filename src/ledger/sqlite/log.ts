import type { Change } from '../../event/change.ts';
import { repositoryKey, repositoryOfKey } from '../../event/reference.ts';
import { isTime } from '../../event/time.ts';
import type { Bounds, Page } from '../ledger.ts';
import { ChangesLost, RecordDamaged } from '../loss.ts';
import { changeChecksum, type SummedChange } from './checksum.ts';
import {
  decodeDigest,
  decodePlatforms,
  decodeType,
  encodeDigest,
  encodePlatforms,
  encodeType,
} from './codec.ts';
import type { SqliteNames } from './names.ts';
import type { Db } from './tables.ts';

interface StoredChange extends SummedChange {
  /** Null in rows of schema 1 and 2. */
  readonly previous: number | null;
  /** Null in rows of schema 1. */
  readonly checksum: number | null;
}

// An index probe for each repository costs about as much as scanning a page; beyond this, scanning wins.
const maxIndexedRepositories = 16;

/** The log of changes in SQLite. */
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
           occurred_at, recorded_at, origin_id, platforms, moved_platforms, checksum, previous)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
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
      drop: db.prepare<[number]>('DELETE FROM change WHERE sequence <= ?'),
    };
  }

  /** @param previous the sequence of the tag's previous change; 0: there is none */
  append(change: Change, previous: number): void {
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
      ...encodePlatforms(change),
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
      row.platforms,
      row.moved_platforms,
      changeChecksum(row, this.#names),
      previous,
    );
  }

  /** With the sequence of the tag's previous change; null: unknown. @throws ChangesLost if it is missing or damaged */
  entry(sequence: number, epoch: string): { readonly change: Change; readonly previous: number | null } {
    const row = this.#sql.one.get(sequence);
    const change = this.#toChange(row, epoch);
    if (row === undefined || change === null)
      throw new ChangesLost(sequence, `change ${sequence} is missing or damaged`);
    return { change, previous: row.previous };
  }

  /** A page after `after`, up to a missing or damaged change. @throws ChangesLost if that comes first */
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

  /** Merges sequences from the index, so it cannot see that another repository's change is missing; the scrub can. */
  #findByIndex(after: number, limit: number, head: number, repositories: readonly string[]) {
    const found = [...new Set(repositories)].flatMap((key) => {
      const { registry, repository } = repositoryOfKey(key);
      const id = this.#names.findRepository(registry, repository);
      return id === undefined ? [] : this.#sql.ofRepository.all(id, after, limit);
    });
    const sequences = found.sort((a, b) => a - b).slice(0, limit);
    const last = sequences.at(-1);
    return { sequences, next: last !== undefined && found.length >= limit ? last : head };
  }

  /** The wanted changes among the next `maxScanned` entries. */
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

  /** The oldest change in the table, even below the floor; null if there is none. */
  first(): number | null {
    return this.#sql.first.get() ?? null;
  }

  /** A binary search, see `Ledger.seek`. @throws ChangesLost if it meets a missing change */
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

  drop(upTo: number): void {
    this.#sql.drop.run(upTo);
  }

  /** Null if it is missing or damaged. */
  #toChange(row: StoredChange | undefined, epoch: string): Change | null {
    if (row === undefined) return null;
    try {
      if (row.checksum !== null && row.checksum !== changeChecksum(row, this.#names)) return null;
      // A file of schema 1 may hold times that clients cannot receive: imports accepted any.
      return isTime(row.occurred_at) && isTime(row.recorded_at) ? this.#decode(row, epoch) : null;
    } catch (error) {
      if (error instanceof RecordDamaged) return null;
      throw error;
    }
  }

  #decode(row: StoredChange, epoch: string): Change {
    const { registry, repository } = this.#names.repository(row.repository_id);
    const change = {
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
    // Nearly no change has them, and a replay decodes thousands.
    if (row.platforms === null && row.moved_platforms === null) return change;
    return { ...change, ...decodePlatforms(row.platforms, row.moved_platforms) };
  }
}

function lostAfter(after: number, found: number | undefined, head: number): ChangesLost {
  if (found === undefined) return new ChangesLost(head, `no change after ${after}, with the head at ${head}`);
  if (found === after + 1) return new ChangesLost(found, `change ${found} is damaged`);
  return new ChangesLost(found - 1, `change ${found} follows ${after}`);
}
