import type { Digest } from '../../event/digest.ts';
import { type RepositoryName, repositoryKey } from '../../event/reference.ts';
import type { Decision, IndexView, ManifestRow, Spared, TagRow } from '../decision.ts';
import type { TagState } from '../ledger.ts';
import { RecordDamaged } from '../loss.ts';
import type { IndexBounds } from '../options.ts';
import { type SummedTag, tagChecksum } from './checksum.ts';
import { decodeDigest, encodeDigest } from './codec.ts';
import type { SqliteNames } from './names.ts';
import type { Db } from './tables.ts';

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
}

/** A condition on a row of `manifest`: no present tag points at the digest. */
export const untagged = `NOT EXISTS (SELECT 1 FROM tag WHERE tag.repository_id = manifest.repository_id
  AND tag.digest = manifest.digest AND tag.present = 1)`;

/** The index in SQLite. Everything runs within the caller's transaction. */
export class SqliteIndex implements IndexView {
  readonly #names: SqliteNames;
  readonly #bounds: IndexBounds;
  readonly #sql;
  /** The ledger's stamp for the current group, ms. */
  now = 0;

  constructor(db: Db, names: SqliteNames, bounds: IndexBounds) {
    this.#names = names;
    this.#bounds = bounds;
    this.#sql = {
      tag: db.prepare<[number, string], StoredTag>('SELECT * FROM tag WHERE repository_id = ? AND name = ?'),
      tagsOf: db.prepare<[number], StoredTag>(
        'SELECT * FROM tag WHERE repository_id = ? AND present = 1 ORDER BY name',
      ),
      tagsAt: db.prepare<[number, Buffer], StoredTag>(
        'SELECT * FROM tag WHERE repository_id = ? AND digest = ? AND present = 1 ORDER BY name',
      ),
      putTag: db.prepare(
        `INSERT OR REPLACE INTO tag (repository_id, name, present, digest, media_type_id, size, first_seen_at,
           updated_at, sequence, checksum, as_of, looked_at, said_at, said_by_id)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ),
      manifest: db.prepare<[number, Buffer], StoredMemory & { present: number }>(
        'SELECT present, as_of, said_at, said_by_id FROM manifest WHERE repository_id = ? AND digest = ?',
      ),
      putManifest: db.prepare(
        `INSERT OR REPLACE INTO manifest (repository_id, digest, present, as_of, said_at, said_by_id)
           VALUES (?, ?, ?, ?, ?, ?)`,
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
    return row && this.toTagRow(row);
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
    return { registry, repository, digest, present: row.present === 1, ...this.toRemembered(row) };
  }

  hasBaseline(registry: string, repository: string, scope: string): boolean {
    const id = this.#names.findRepository(registry, repository);
    return id !== undefined && this.#sql.hasBaseline.get(id, scope) !== undefined;
  }

  deliveredAt(key: string): number | undefined {
    const at = this.#sql.delivery.get(key);
    return at === undefined || this.now - at > this.#bounds.maxAgeMs ? undefined : at;
  }

  baselines(registry: string, repository: string): readonly string[] {
    const id = this.#names.findRepository(registry, repository);
    return id === undefined ? [] : this.#sql.baselines.all(id);
  }

  apply(of: RepositoryName, decision: Decision): void {
    for (const row of decision.tags) this.putTag(row);
    for (const row of decision.manifests) this.putManifest(row);
    if (decision.baseline !== null) this.putBaseline(of, decision.baseline);
    if (decision.forgetManifests !== null) this.#forgetManifests(of, decision.forgetManifests);
  }

  #forgetManifests(of: RepositoryName, spared: Spared | 'all'): void {
    const id = this.#names.findRepository(of.registry, of.repository);
    if (id === undefined) return;
    if (spared === 'all') this.#sql.forgetManifests.run(id);
    else this.#sql.forgetOthers.run(id, this.#names.wordId(spared.by), spared.after, spared.upTo);
  }

  putTag(row: TagRow): void {
    const summed: SummedTag = {
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
    this.#sql.putTag.run(
      summed.repository_id,
      summed.name,
      summed.present,
      summed.digest,
      summed.media_type_id,
      summed.size,
      summed.first_seen_at,
      summed.updated_at,
      summed.sequence,
      tagChecksum(summed, this.#names),
      row.asOf,
      row.lookedAt,
      row.saidAt,
      this.#names.wordId(row.saidBy),
    );
  }

  putManifest(row: ManifestRow): void {
    const id = this.#names.repositoryId(row);
    const digest = encodeDigest(row.digest);
    const present = row.present ? 1 : 0;
    this.#sql.putManifest.run(id, digest, present, row.asOf, row.saidAt, this.#names.wordId(row.saidBy));
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
    const { looked_at: lookedAt } = row;
    return {
      ...tagStateOf(row, this.#names),
      present: row.present === 1,
      lookedAt,
      ...this.toRemembered(row),
    };
  }

  toRemembered(row: StoredMemory) {
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
