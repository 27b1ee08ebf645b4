/** The store of manifests (`ledger/manifests.ts`) in SQLite: a bounded cache beside the ledger, in the same file. */
import { crc32 } from 'node:zlib';
import { type Digest, isContent } from '../../event/digest.ts';
import type { Platforms } from '../../event/platform.ts';
import { type Manifest, maxParents, mergeManifest } from '../manifests.ts';
import type { ManifestLimits } from '../options.ts';
import { decodeDigest, decodeDigests, encodeDigest, encodeDigests } from './codec.ts';
import type { Db } from './tables.ts';

interface StoredManifest {
  readonly id: number;
  readonly digest: Buffer;
  readonly media_type: string;
  readonly size: number;
  readonly children: Buffer;
  readonly platforms: string | null;
  /** How many are kept; null: none. */
  readonly bytes: number | null;
  readonly checksum: number;
}

interface Totals {
  readonly manifests: number;
  readonly bytes: number;
  readonly turn: number;
}

/** Manifests dropped in one step: more would keep writes waiting. */
const droppedAtOnce = 500;
/** Manifests asked for whose turn is not written yet; with more it is written. */
const maxUnwritten = 1_000;

type Run = <T>(action: string, work: () => T) => T;

/** How it reads and writes. `transaction` is one commit; both turn failures into refusals. */
interface ManifestRuns {
  readonly reading: Run;
  readonly transaction: Run;
}

/** Runs in the worker. */
export class SqliteManifests {
  readonly #limits: ManifestLimits;
  readonly #runs: ManifestRuns;
  readonly #sql;
  /** Asked for since turns were last written, longest ago first. A crash may forget them. */
  readonly #asked = new Set<number>();

  constructor(db: Db, limits: ManifestLimits, runs: ManifestRuns) {
    this.#limits = limits;
    this.#runs = runs;
    this.#sql = {
      ...statements(db),
      totals: db.prepare<[], Totals>('SELECT manifests, bytes, turn FROM manifest_total'),
      add: db.prepare<[number, number]>(
        'UPDATE manifest_total SET manifests = manifests + ?, bytes = bytes + ?',
      ),
      turn: db.prepare<[], number>('UPDATE manifest_total SET turn = turn + 1 RETURNING turn').pluck(),
    };
  }

  getManifest(digest: Digest): Manifest | null {
    const manifest = this.#runs.reading('read a manifest', () => this.#find(digest));
    if (this.#asked.size >= maxUnwritten)
      this.#runs.transaction('keep which manifests were asked for', () => this.#writeTurns());
    return manifest;
  }

  #find(digest: Digest): Manifest | null {
    const row = this.#sql.find.get(encodeDigest(digest));
    if (row === undefined) return null;
    this.#asked.delete(row.id);
    this.#asked.add(row.id);
    return this.#read(row, digest);
  }

  /** Null if it is damaged: what a cache lost is fetched again. */
  #read(row: StoredManifest, digest: Digest): Manifest | null {
    if (row.checksum !== checksumOf(digest, row)) return null;
    const bytes = row.bytes === null ? undefined : this.#sql.bytes.get(row.id);
    return {
      digest,
      mediaType: row.media_type,
      size: row.size,
      bytes: bytes !== undefined && isContent(digest, bytes) ? bytes : null,
      children: decodeDigests(row.children),
      platforms: row.platforms === null ? null : readPlatforms(row.platforms),
    };
  }

  /** One step. @returns true once nothing is over a bound; otherwise call `shrinkManifests` until it is */
  putManifest(next: Manifest): boolean {
    return this.#runs.transaction('keep a manifest', () => {
      this.#writeTurns();
      this.#put(next);
      return this.#shrink();
    });
  }

  /** Another step of what `putManifest` began. @returns as there */
  shrinkManifests(): boolean {
    return this.#runs.transaction('drop manifests', () => this.#shrink());
  }

  #put(next: Manifest): void {
    const digest = encodeDigest(next.digest);
    const row = this.#sql.find.get(digest);
    const known = row === undefined ? null : this.#read(row, next.digest);
    const { mediaType, size, bytes, children, platforms } = mergeManifest(
      known,
      next,
      this.#limits.maxManifestBytes,
    );
    const turn = this.#sql.turn.get() ?? 0;
    const values = {
      media_type: mediaType,
      size,
      children: encodeDigests(children),
      platforms: platforms === null ? null : JSON.stringify(platforms),
    };
    const { id } = this.#sql.put.get(
      digest,
      values.media_type,
      values.size,
      values.children,
      values.platforms,
      bytes?.length ?? null,
      turn,
      checksumOf(next.digest, values),
    ) ?? { id: 0 };
    this.#sql.add.run(row === undefined ? 1 : 0, (bytes?.length ?? 0) - (row?.bytes ?? 0));
    if (bytes !== null) this.#sql.putBytes.run(id, bytes);
    else this.#sql.dropBytes.run(id);
    for (const child of children) this.#link(encodeDigest(child), id, turn);
  }

  #link(child: Buffer, parent: number, turn: number): void {
    this.#sql.link.run(child, parent, turn);
    this.#sql.boundLinks.run(child, child, maxParents);
  }

  #writeTurns(): void {
    for (const id of this.#asked) this.#sql.ask.run(this.#sql.turn.get() ?? 0, id);
    this.#asked.clear();
  }

  #shrink(): boolean {
    const { maxManifests, maxManifestsBytes } = this.#limits;
    for (let dropped = 0; dropped < droppedAtOnce; dropped += 1) {
      const totals = this.#sql.totals.get();
      if (totals === undefined) return true;
      if (totals.bytes > maxManifestsBytes) this.#dropBytes();
      else if (totals.manifests > maxManifests) this.#forget();
      else return true;
    }
    return false;
  }

  #dropBytes(): void {
    const oldest = this.#sql.oldestBytes.get();
    if (oldest === undefined) return;
    this.#sql.dropBytes.run(oldest.id);
    this.#sql.unsetBytes.run(oldest.id);
    this.#sql.add.run(0, -(oldest.bytes ?? 0));
  }

  #forget(): void {
    const oldest = this.#sql.oldest.get();
    if (oldest === undefined) return;
    // A damaged row may name any children.
    const isWhole = oldest.checksum === checksumOf(decodeDigest(oldest.digest), oldest);
    for (const child of isWhole ? decodeDigests(oldest.children) : [])
      this.#sql.unlink.run(encodeDigest(child), oldest.id);
    this.#sql.dropBytes.run(oldest.id);
    this.#sql.forget.run(oldest.id);
    this.#sql.add.run(-1, -(oldest.bytes ?? 0));
  }

  manifestParents(child: Digest): readonly Digest[] {
    return this.#runs.reading('read the indexes of a manifest', () =>
      this.#sql.parents.all(encodeDigest(child), maxParents).map((parent) => decodeDigest(parent)),
    );
  }
}

function statements(db: Db) {
  return {
    find: db.prepare<[Buffer], StoredManifest>('SELECT * FROM stored_manifest WHERE digest = ?'),
    put: db.prepare<unknown[], { id: number }>(
      `INSERT INTO stored_manifest (digest, media_type, size, children, platforms, bytes, asked, checksum)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (digest) DO UPDATE SET media_type = excluded.media_type, size = excluded.size,
           children = excluded.children, platforms = excluded.platforms, bytes = excluded.bytes,
           asked = excluded.asked, checksum = excluded.checksum
         RETURNING id`,
    ),
    ask: db.prepare<[number, number]>('UPDATE stored_manifest SET asked = ? WHERE id = ?'),
    oldest: db.prepare<[], StoredManifest>('SELECT * FROM stored_manifest ORDER BY asked LIMIT 1'),
    oldestBytes: db.prepare<[], StoredManifest>(
      'SELECT * FROM stored_manifest WHERE bytes IS NOT NULL ORDER BY asked LIMIT 1',
    ),
    forget: db.prepare<[number]>('DELETE FROM stored_manifest WHERE id = ?'),
    unsetBytes: db.prepare<[number]>('UPDATE stored_manifest SET bytes = NULL WHERE id = ?'),
    bytes: db.prepare<[number], Buffer>('SELECT bytes FROM manifest_bytes WHERE manifest_id = ?').pluck(),
    putBytes: db.prepare<[number, Uint8Array]>(
      'INSERT OR REPLACE INTO manifest_bytes (manifest_id, bytes) VALUES (?, ?)',
    ),
    dropBytes: db.prepare<[number]>('DELETE FROM manifest_bytes WHERE manifest_id = ?'),
    link: db.prepare<[Buffer, number, number]>(
      'INSERT OR REPLACE INTO manifest_child (child, parent_id, kept) VALUES (?, ?, ?)',
    ),
    unlink: db.prepare<[Buffer, number]>('DELETE FROM manifest_child WHERE child = ? AND parent_id = ?'),
    boundLinks: db.prepare<[Buffer, Buffer, number]>(
      `DELETE FROM manifest_child WHERE child = ? AND parent_id IN
         (SELECT parent_id FROM manifest_child WHERE child = ? ORDER BY kept DESC LIMIT -1 OFFSET ?)`,
    ),
    parents: db
      .prepare<[Buffer, number], Buffer>(
        `SELECT digest FROM manifest_child JOIN stored_manifest ON stored_manifest.id = parent_id
           WHERE child = ? ORDER BY kept DESC LIMIT ?`,
      )
      .pluck(),
  };
}

/** CRC-32 of what a row says; the bytes have their digest. */
function checksumOf(
  digest: Digest,
  row: Pick<StoredManifest, 'media_type' | 'size' | 'children' | 'platforms'>,
): number {
  const { media_type, size, children, platforms } = row;
  return crc32(JSON.stringify([digest, media_type, size, children.toString('hex'), platforms]));
}

function readPlatforms(text: string): Platforms {
  return JSON.parse(text);
}
