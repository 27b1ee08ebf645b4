import type { Change } from '../event/change.ts';
import { repositoryKey } from '../event/reference.ts';
import { changeChecksum } from './checksum.ts';
import type { Bounds, Page } from './ledger.ts';
import { decodeDigest, decodeType, encodeDigest, encodeType } from './sqlite-codec.ts';
import type { SqliteNames } from './sqlite-names.ts';
import type { Db } from './sqlite-tables.ts';

interface StoredChange {
  readonly sequence: number;
  readonly type: number;
  readonly repository_id: number;
  readonly tag: string | null;
  readonly digest: Buffer | null;
  readonly previous_digest: Buffer | null;
  readonly media_type_id: number | null;
  readonly size: number | null;
  readonly occurred_at: number;
  readonly recorded_at: number;
  readonly origin_id: number;
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
      drop: db.prepare('DELETE FROM change WHERE sequence <= ?'),
    };
  }

  append(change: Change): void {
    this.#sql.append.run(
      change.sequence,
      encodeType(change.type),
      this.#names.repositoryId(change),
      change.tag,
      encodeDigest(change.digest),
      encodeDigest(change.previousDigest),
      this.#names.wordId(change.mediaType),
      change.size,
      change.occurredAt,
      change.recordedAt,
      this.#names.wordId(change.origin),
      changeChecksum(change),
    );
  }

  /** A page after `after`, which lies within the bounds. */
  page(after: number, limit: number, bounds: Bounds, repositories?: readonly string[]): Page {
    const { epoch, head } = bounds;
    if (repositories === undefined) {
      const changes = this.#sql.range.all(after, limit).map((row) => this.#toChange(row, epoch));
      const next = changes.at(-1)?.sequence ?? head;
      return { changes, next, atHead: next === head };
    }
    const { sequences, next } =
      repositories.length <= maxIndexedRepositories
        ? this.#findByIndex(after, limit, head, repositories)
        : this.#findByScan(after, limit, head, new Set(repositories));
    const changes = sequences.flatMap((sequence) => {
      const row = this.#sql.one.get(sequence);
      return row === undefined ? [] : [this.#toChange(row, epoch)];
    });
    return { changes, next, atHead: next === head };
  }

  /** Each repository's next sequences from the index, merged: looks at no entry of another repository. */
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
    let next = head;
    let scanned = 0;
    for (const [sequence, id] of this.#sql.repositories.iterate(after, this.#maxScanned)) {
      scanned += 1;
      if (wanted.has(repositoryKey(this.#names.repository(id)))) sequences.push(sequence);
      if (sequences.length < limit && scanned < this.#maxScanned) continue;
      next = sequence;
      break;
    }
    return { sequences, next };
  }

  /** The sequence just before the first change recorded at or after `time`: a binary search by key. */
  seek(time: number, { floor, head }: Bounds): number {
    let [before, from] = [floor, head + 1];
    while (from - before > 1) {
      const middle = Math.floor((before + from) / 2);
      const recordedAt = this.#sql.recordedAt.get(middle);
      if (recordedAt === undefined)
        throw new Error(
          `seek in the ledger: change ${middle} is missing: must be there between ${floor} and ${head}`,
        );
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

  #toChange(row: StoredChange, epoch: string): Change {
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
