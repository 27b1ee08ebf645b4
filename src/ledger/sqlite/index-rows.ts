import type { Digest } from '../../event/digest.ts';
import { type RepositoryName, repositoryKey } from '../../event/reference.ts';
import type { Decision, IndexView, ManifestRow, Spared, TagRow } from '../decision.ts';
import type { TagState } from '../ledger.ts';
import { type ListMarks, type TagListing, withListing } from '../list-marks.ts';
import { RecordDamaged } from '../loss.ts';
import type { IndexBounds } from '../options.ts';
import type { TurnCounts } from '../turns.ts';
import { type SummedTag, tagChecksum } from './checksum.ts';
import { decodeDigest, encodeDigest } from './codec.ts';
import type { SqliteNames } from './names.ts';
import type { Db } from './tables.ts';
import { TagCounts } from './tag-counts.ts';

/** When, and by whom, a row was believed: see `Remembered`. */
export interface StoredMemory {
  readonly as_of: number;
  readonly said_at: number | null;
  readonly said_by_id: number | null;
}

/** A row of `tag`. */
export interface StoredTag extends SummedTag, StoredMemory {
  /** Null in rows of schema 1. */
  readonly checksum: number | null;
  readonly looked_at: number | null;
  readonly checked_at: number | null;
}

/** What a row of `manifest` says of its digest. */
export interface StoredManifestRow extends StoredMemory {
  readonly present: number;
  readonly media_type_id: number | null;
  readonly size: number | null;
}

/** What a row of `tag` was before it is written. */
type TagBefore = Pick<StoredTag, 'present' | 'sequence'>;

/** A condition on a row of `manifest`: no present tag points at the digest. */
export const untagged = `NOT EXISTS (SELECT 1 FROM tag WHERE tag.repository_id = manifest.repository_id
  AND tag.digest = manifest.digest AND tag.present = 1)`;

/** The index in SQLite. Everything runs within the caller's transaction. */
export class SqliteIndex implements IndexView {
  readonly #names: SqliteNames;
  readonly #bounds: IndexBounds;
  readonly counts: TagCounts;
  readonly #turns: TurnCounts | null;
  readonly #sql;
  /** The row of `tag` that was read last; undefined: written since. */
  #readId: number | undefined = undefined;
  #readName = '';
  #readRow: TagBefore | undefined = undefined;
  /** The ledger's stamp for the current group, ms. */
  now = 0;

  /** @param turns null: nothing is decided with this index */
  constructor(db: Db, names: SqliteNames, bounds: IndexBounds, turns: TurnCounts | null = null) {
    this.#names = names;
    this.#bounds = bounds;
    this.counts = new TagCounts(db);
    this.#turns = turns;
    this.#sql = {
      tag: db.prepare<[number, string], StoredTag>('SELECT * FROM tag WHERE repository_id = ? AND name = ?'),
      tagsOf: db.prepare<[number], StoredTag>(
        'SELECT * FROM tag WHERE repository_id = ? AND present = 1 ORDER BY name',
      ),
      tagsAt: db.prepare<[number, Buffer], StoredTag>(
        'SELECT * FROM tag WHERE repository_id = ? AND digest = ? AND present = 1 ORDER BY name',
      ),
      // Only columns that no index has: the commonest observation finds a tag as it was.
      confirmTag: db.prepare(
        `UPDATE tag SET media_type_id = ?, size = ?, checksum = ?, as_of = ?, looked_at = ?, said_at = ?,
           said_by_id = ?, checked_at = ?
           WHERE repository_id = ? AND name = ? AND present = ? AND digest IS ? AND first_seen_at = ?
             AND updated_at = ? AND sequence = ?`,
      ),
      moveTag: db.prepare(
        `UPDATE tag SET media_type_id = ?, size = ?, checksum = ?, as_of = ?, looked_at = ?, said_at = ?,
           said_by_id = ?, checked_at = ?, present = ?, digest = ?, first_seen_at = ?, updated_at = ?, sequence = ?
           WHERE name = ? AND repository_id = ?`,
      ),
      addTag: db.prepare(
        `INSERT INTO tag (media_type_id, size, checksum, as_of, looked_at, said_at, said_by_id, checked_at,
           present, digest, first_seen_at, updated_at, sequence, repository_id, name, crowded)
           SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, id, ?, crowded FROM repository WHERE id = ?`,
      ),
      before: db.prepare<[number, string], TagBefore>(
        'SELECT present, sequence FROM tag WHERE repository_id = ? AND name = ?',
      ),
      manifest: db.prepare<[number, Buffer], StoredManifestRow>(
        `SELECT present, as_of, said_at, said_by_id, media_type_id, size FROM manifest
           WHERE repository_id = ? AND digest = ?`,
      ),
      putManifest: db.prepare(
        `INSERT OR REPLACE INTO manifest (repository_id, digest, present, as_of, said_at, said_by_id, media_type_id,
           size) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      ),
      marks: db.prepare<[number], ListMarks>(
        `SELECT whole_at AS wholeAt, read_at AS readAt FROM repository
           WHERE id = ? AND whole_at IS NOT NULL AND read_at IS NOT NULL`,
      ),
      putMarks: db.prepare<[number | null, number | null, number]>(
        'UPDATE repository SET whole_at = ?, read_at = ? WHERE id = ?',
      ),
      forgetManifests: db.prepare(`DELETE FROM manifest WHERE repository_id = ? AND ${untagged}`),
      // IS NOT: rows without a sender's time are not spared.
      forgetOthers: db.prepare(
        `DELETE FROM manifest WHERE repository_id = ?
           AND (said_by_id IS NOT ? OR said_at <= ? OR said_at > ?) AND ${untagged}`,
      ),
      hasBaseline: db.prepare('SELECT 1 FROM baseline WHERE repository_id = ? AND scope = ?'),
      baselines: db
        .prepare<[number], string>('SELECT scope FROM baseline WHERE repository_id = ? ORDER BY id')
        .pluck(),
      putBaseline: db.prepare('INSERT OR IGNORE INTO baseline (repository_id, scope) VALUES (?, ?)'),
      boundBaselines: db.prepare(
        `DELETE FROM baseline WHERE id IN
           (SELECT id FROM baseline WHERE repository_id = ? ORDER BY id DESC LIMIT -1 OFFSET ?)`,
      ),
      delivery: db.prepare<[string], number>('SELECT at FROM delivery WHERE key = ?').pluck(),
      // Replaced, not updated: a key remembered again becomes the newest.
      putDelivery: db.prepare('INSERT OR REPLACE INTO delivery (key, at) VALUES (?, ?)'),
      boundDeliveries: db.prepare('DELETE FROM delivery WHERE id <= ?'),
    };
  }

  tag(registry: string, repository: string, tag: string): TagRow | undefined {
    const id = this.#names.findRepository(registry, repository);
    const row = id === undefined ? undefined : this.#sql.tag.get(id, tag);
    this.#readId = id;
    this.#readName = tag;
    this.#readRow = row;
    return row && this.toTagRow(row);
  }

  /** The row of the tag: mostly the one that the decision has just read. */
  #before(id: number, name: string): TagBefore | undefined {
    return id === this.#readId && name === this.#readName ? this.#readRow : this.#sql.before.get(id, name);
  }

  tagsOf(registry: string, repository: string): readonly TagRow[] {
    const id = this.#names.findRepository(registry, repository);
    return id === undefined ? [] : this.#sql.tagsOf.all(id).map((row) => this.toTagRow(row));
  }

  tagsAt(registry: string, repository: string, digest: Digest): readonly TagRow[] {
    const id = this.#names.findRepository(registry, repository);
    if (id === undefined) return [];
    return this.#sql.tagsAt.all(id, encodeDigest(digest)).map((row) => this.toTagRow(row));
  }

  manifest(registry: string, repository: string, digest: Digest): ManifestRow | undefined {
    const id = this.#names.findRepository(registry, repository);
    const row = id === undefined ? undefined : this.#sql.manifest.get(id, encodeDigest(digest));
    if (row === undefined) return undefined;
    return { registry, repository, digest, ...this.toManifestRow(row) };
  }

  hasBaseline(registry: string, repository: string, scope: string): boolean {
    const id = this.#names.findRepository(registry, repository);
    return id !== undefined && this.#sql.hasBaseline.get(id, scope) !== undefined;
  }

  deliveredAt(key: string): number | undefined {
    const at = this.#sql.delivery.get(key);
    return at === undefined || this.now - at > this.#bounds.maxAgeMs ? undefined : at;
  }

  turnsOf(of: RepositoryName, tag?: string): number {
    return this.#turns?.turnsOf(of, tag) ?? 0;
  }

  baselines(registry: string, repository: string): readonly string[] {
    const id = this.#names.findRepository(registry, repository);
    return id === undefined ? [] : this.#sql.baselines.all(id);
  }

  apply(of: RepositoryName, decision: Decision): void {
    for (const row of decision.tags)
      if (decision.changes.length > 0 || !this.#confirmTag(row)) this.putTag(row);
    for (const row of decision.manifests) this.putManifest(row);
    if (decision.baseline !== null) this.putBaseline(of, decision.baseline);
    if (decision.listed !== null) this.#list(of, decision.listed);
    if (decision.forgetManifests !== null) this.#forgetManifests(of, decision.forgetManifests);
  }

  #list(of: RepositoryName, listing: TagListing): void {
    const marks = withListing(this.#sql.marks.get(this.#names.repositoryId(of)), listing);
    if (marks !== undefined) this.putListMarks(of, marks);
  }

  putListMarks(of: RepositoryName, { wholeAt, readAt }: ListMarks): void {
    this.#sql.putMarks.run(wholeAt, readAt, this.#names.repositoryId(of));
  }

  #forgetManifests(of: RepositoryName, spared: Spared | 'all'): void {
    const id = this.#names.findRepository(of.registry, of.repository);
    if (id === undefined) return;
    this.#sql.putMarks.run(null, null, id);
    if (spared === 'all') this.#sql.forgetManifests.run(id);
    else this.#sql.forgetOthers.run(id, this.#names.wordId(spared.by), spared.after, spared.upTo);
  }

  /** Returns whether the tag was there as the row says, so that only what was remembered of it is written. */
  #confirmTag(row: TagRow): boolean {
    const tag = this.#summed(row);
    return (
      this.#sql.confirmTag.run(
        tag.media_type_id,
        tag.size,
        tagChecksum(tag, this.#names),
        row.asOf,
        row.lookedAt,
        row.saidAt,
        this.#names.wordId(row.saidBy),
        row.checkedAt ?? null,
        tag.repository_id,
        tag.name,
        tag.present,
        tag.digest,
        tag.first_seen_at,
        tag.updated_at,
        tag.sequence,
      ).changes === 1
    );
  }

  putTag(row: TagRow): void {
    const tag = this.#summed(row);
    const { repository_id: id, present } = tag;
    const before = this.#before(id, tag.name);
    (before === undefined ? this.#sql.addTag : this.#sql.moveTag).run(
      tag.media_type_id,
      tag.size,
      tagChecksum(tag, this.#names),
      row.asOf,
      row.lookedAt,
      row.saidAt,
      this.#names.wordId(row.saidBy),
      row.checkedAt ?? null,
      present,
      tag.digest,
      tag.first_seen_at,
      tag.updated_at,
      tag.sequence,
      tag.name,
      id,
    );
    this.#readId = undefined;
    if (present !== before?.present)
      this.counts.add(id, present - (before?.present ?? 0), before === undefined ? 1 : 0);
  }

  /** Call it when a transaction begins: what the one before left unfinished is void. */
  begin(): void {
    this.counts.forget();
    this.#readId = undefined;
  }

  /** Writes what is collected. Call it before the commit. */
  end(): void {
    this.counts.write();
  }

  /** The sequence of the tag's newest change; 0: it has none. */
  newestOf({ registry, repository }: RepositoryName, tag: string): number {
    const id = this.#names.findRepository(registry, repository);
    return (id === undefined ? undefined : this.#before(id, tag)?.sequence) ?? 0;
  }

  #summed(row: TagRow): SummedTag {
    return {
      repository_id: this.#names.repositoryId(row),
      name: row.tag,
      present: row.present ? 1 : 0,
      digest: encodeDigest(row.digest),
      media_type_id: this.#names.wordId(row.mediaType),
      size: row.size,
      first_seen_at: row.firstSeenAt,
      updated_at: row.updatedAt,
      sequence: row.sequence,
    };
  }

  putManifest(row: ManifestRow): void {
    this.#sql.putManifest.run(
      this.#names.repositoryId(row),
      encodeDigest(row.digest),
      row.present ? 1 : 0,
      row.asOf,
      row.saidAt,
      this.#names.wordId(row.saidBy),
      this.#names.wordId(row.mediaType ?? null),
      row.size ?? null,
    );
  }

  putBaseline(of: RepositoryName, scope: string): void {
    const id = this.#names.repositoryId(of);
    this.#sql.putBaseline.run(id, scope);
    this.#sql.boundBaselines.run(id, this.#bounds.maxScopesPerRepository);
  }

  /** @param at the ledger's stamp, ms; default: the current group's */
  remember(key: string, at = this.now): void {
    const id = Number(this.#sql.putDelivery.run(key, at).lastInsertRowid);
    this.#sql.boundDeliveries.run(id - this.#bounds.maxDeliveryKeys);
  }

  toTagRow(row: StoredTag): TagRow {
    const { looked_at: lookedAt, checked_at: checkedAt } = row;
    return {
      ...tagStateOf(row, this.#names),
      present: row.present === 1,
      lookedAt,
      checkedAt,
      ...this.#toRemembered(row),
    };
  }

  toManifestRow(row: StoredManifestRow) {
    const mediaType = this.#names.word(row.media_type_id);
    return { present: row.present === 1, mediaType, size: row.size, ...this.#toRemembered(row) };
  }

  #toRemembered(row: StoredMemory) {
    return { asOf: row.as_of, saidAt: row.said_at, saidBy: this.#names.word(row.said_by_id) };
  }
}

/** A tag as subscribers see it. @throws RecordDamaged if its row is damaged */
export function tagStateOf(row: StoredTag, names: SqliteNames): TagState {
  const name = names.repository(row.repository_id);
  if (row.checksum !== null && row.checksum !== tagChecksum(row, names))
    throw new RecordDamaged(`tag "${row.name}" of ${repositoryKey(name)}`);
  return {
    ...name,
    tag: row.name,
    digest: decodeDigest(row.digest),
    mediaType: names.word(row.media_type_id),
    size: row.size,
    firstSeenAt: row.first_seen_at,
    updatedAt: row.updated_at,
    sequence: row.sequence,
  };
}
