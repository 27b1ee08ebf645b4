/**
 * The decision that every ledger makes: what an observation changes. Pure: the index as it is goes in, the
 * outcome, the changes and the rows to write come out. Memory and SQLite call it; Redis restates it in Lua.
 *
 * `t` is the observation's time, never later than now. `asOf` is the newest time a row was believed at; a row
 * that is gone stays as a tombstone, so that a delivery from before can't bring it back.
 *
 * | observation        | the index knows                              | outcome   | changes                        |
 * |--------------------|----------------------------------------------|-----------|--------------------------------|
 * | any, key seen      | –                                            | duplicate | –                              |
 * | tag → digest       | the digest deleted after t                   | stale     | –                              |
 * |                    | no row, `silent`                             | filled    | –                              |
 * |                    | no row; or tombstone, t ≥ asOf               | changed   | tag.created                    |
 * |                    | tombstone, t < asOf                          | stale     | –                              |
 * |                    | same digest                                  | unchanged | –                              |
 * |                    | other digest or none, t < asOf               | stale     | –                              |
 * |                    | no digest yet, t ≥ asOf                      | filled    | –                              |
 * |                    | other digest, t ≥ asOf (equal: as it came)   | changed   | tag.updated                    |
 * | tag → null         | no row, tombstone: as for a digest           |           |                                |
 * |                    | present, t > asOf                            | changed   | tag.updated, digest null       |
 * |                    | present, t = asOf, or no digest there either | unchanged | –  (t ≤ asOf)                  |
 * |                    | present with digest, t < asOf                | stale     | –                              |
 * | tag gone           | no row                                       | unknown   | –                              |
 * |                    | t < asOf                                     | stale     | –                              |
 * |                    | tombstone, t ≥ asOf                          | unchanged | –                              |
 * |                    | present, t ≥ asOf                            | changed   | tag.deleted                    |
 * | manifest           | no row; or tombstone, t ≥ asOf               | changed   | manifest.pushed                |
 * |                    | tombstone, t < asOf                          | stale     | –                              |
 * |                    | present                                      | unchanged | –                              |
 * | manifest gone      | no row                                       | unknown   | –                              |
 * |                    | t < asOf                                     | stale     | –                              |
 * |                    | tombstone, t ≥ asOf                          | unchanged | –                              |
 * |                    | present, t ≥ asOf                            | changed   | tag.deleted of each tag at it  |
 * |                    |                                              |           | with asOf ≤ t, by name; then   |
 * |                    |                                              |           | manifest.deleted               |
 * | repository gone    | present tags with asOf ≤ t                   | changed   | tag.deleted of each, by name   |
 * |                    | none                                         | unknown   | –                              |
 * | baseline           | scope known / not known                      | unchanged / filled | –                     |
 *
 * Every outcome but `stale`, `unknown` and `duplicate` raises asOf to at least t. A tag seen with a digest makes
 * the digest known without a change of its own. A repository's end forgets its digests not seen after t.
 */
import type { Change, ChangeType } from '../event/change.ts';
import type { Digest } from '../event/digest.ts';
import type {
  ManifestGone,
  ManifestObserved,
  Observation,
  RepositoryGone,
  TagGone,
  TagObserved,
} from '../event/observation.ts';
import type { Outcome, TagState } from './ledger.ts';

/** What the index holds of a tag. Of a tombstone digest, media type and size are null. */
export interface TagRow extends TagState {
  readonly present: boolean;
  /** Newest time at which this was believed, ms since the epoch. */
  readonly asOf: number;
}

/** That a repository has, or had, a digest. */
export interface ManifestRow {
  readonly registry: string;
  readonly repository: string;
  readonly digest: Digest;
  readonly present: boolean;
  /** Newest time at which this was believed, ms since the epoch. */
  readonly asOf: number;
}

/** The index as the decision sees it; synchronous, within the transaction. */
export interface IndexView {
  tag(registry: string, repository: string, tag: string): TagRow | undefined;
  /** Present tags that point at the digest, ordered by tag. */
  tagsAt(registry: string, repository: string, digest: Digest): readonly TagRow[];
  /** Present tags of the repository, ordered by tag. */
  tagsOf(registry: string, repository: string): readonly TagRow[];
  manifest(registry: string, repository: string, digest: Digest): ManifestRow | undefined;
  hasBaseline(registry: string, repository: string, scope: string): boolean;
  /** When the key was remembered, ms since the epoch; undefined when it is not, or too long ago. */
  deliveredAt(key: string): number | undefined;
}

/** Where the ledger stands when it decides. */
export interface Standing {
  readonly epoch: string;
  /** The next change is `head + 1`. */
  readonly head: number;
  /** The ledger's time, ms since the epoch. */
  readonly now: number;
  /** What the changes carry: now, but never before the change before. */
  readonly recordedAt: number;
}

export interface Decision {
  readonly outcome: Outcome;
  /** Numbered from `head + 1`. */
  readonly changes: readonly Change[];
  readonly tags: readonly TagRow[];
  readonly manifests: readonly ManifestRow[];
  /** Manifest rows of the observation's repository with asOf up to this time go. Null: none. */
  readonly forgetManifestsUpTo: number | null;
  /** A scope to note for the observation's repository. */
  readonly baseline: string | null;
}

export function decide(view: IndexView, observation: Observation, standing: Standing): Decision {
  if (isDuplicate(view, observation, standing.now)) return nothing('duplicate');
  const t = Math.min(observation.observedAt, standing.now);
  switch (observation.kind) {
    case 'tag':
      return decideTag(view, observation, t, standing);
    case 'tag-gone':
      return decideTagGone(view, observation, t, standing);
    case 'manifest':
      return decideManifest(view, observation, t, standing);
    case 'manifest-gone':
      return decideManifestGone(view, observation, t, standing);
    case 'repository-gone':
      return decideRepositoryGone(view, observation, t, standing);
    case 'baseline':
      return view.hasBaseline(observation.registry, observation.repository, observation.scope)
        ? nothing('unchanged')
        : { ...nothing('filled'), baseline: observation.scope };
  }
}

/** Whether a delivery with the observation's key was recorded before, within its window if it has one. */
export function isDuplicate(view: IndexView, observation: Observation, now: number): boolean {
  if (observation.dedupeKey === undefined || observation.dedupeKey === null) return false;
  const deliveredAt = view.deliveredAt(observation.dedupeKey);
  if (deliveredAt === undefined) return false;
  return observation.dedupeWindowMs === undefined || now - deliveredAt < observation.dedupeWindowMs;
}

function nothing(outcome: Outcome): Decision {
  return { outcome, changes: [], tags: [], manifests: [], forgetManifestsUpTo: null, baseline: null };
}

function decideTag(view: IndexView, seen: TagObserved, t: number, standing: Standing): Decision {
  const { registry, repository, tag } = seen;
  const row = view.tag(registry, repository, tag);
  const manifest = seen.digest === null ? undefined : view.manifest(registry, repository, seen.digest);
  // The digest's deletion is newer knowledge than a push delivered late, even where the tag itself is new.
  if (manifest !== undefined && !manifest.present && t < manifest.asOf) return nothing('stale');

  const verdict = judgeTag(row, seen, t);
  if (verdict === 'stale') return nothing('stale');
  const manifests =
    seen.digest === null ? [] : [manifestRow(seen, seen.digest, true, Math.max(t, manifest?.asOf ?? t))];
  if (verdict === 'unchanged' && row !== undefined)
    return { ...nothing('unchanged'), tags: [{ ...row, asOf: Math.max(t, row.asOf) }], manifests };

  const target = { digest: seen.digest, mediaType: seen.mediaType, size: seen.size };
  if (verdict === 'filled' || verdict === 'unchanged') {
    const born = { registry, repository, tag, firstSeenAt: t, updatedAt: t, sequence: 0 };
    return {
      ...nothing('filled'),
      tags: [{ ...born, ...row, ...target, present: true, asOf: t }],
      manifests,
    };
  }
  const sequence = standing.head + 1;
  const firstSeenAt = verdict === 'tag.updated' && row !== undefined ? row.firstSeenAt : t;
  const moved = { registry, repository, tag, ...target, present: true, asOf: t };
  return {
    ...nothing('changed'),
    changes: [
      change(verdict, seen, sequence, t, standing, { tag, ...target, previousDigest: row?.digest ?? null }),
    ],
    tags: [{ ...moved, firstSeenAt, updatedAt: t, sequence }],
    manifests,
  };
}

type TagVerdict = 'stale' | 'unchanged' | 'filled' | 'tag.created' | 'tag.updated';

function judgeTag(row: TagRow | undefined, seen: TagObserved, t: number): TagVerdict {
  if (row === undefined) return seen.silent === true ? 'filled' : 'tag.created';
  if (!row.present) return t < row.asOf ? 'stale' : 'tag.created';
  // A sender that names no digest says "it moved", so only its time can tell a repetition from a new push.
  if (seen.digest === null && t > row.asOf) return 'tag.updated';
  if (seen.digest === row.digest) return 'unchanged';
  if (t < row.asOf) return 'stale';
  if (seen.digest === null) return 'unchanged';
  return row.digest === null ? 'filled' : 'tag.updated';
}

function decideTagGone(view: IndexView, gone: TagGone, t: number, standing: Standing): Decision {
  const row = view.tag(gone.registry, gone.repository, gone.tag);
  if (row === undefined) return nothing('unknown');
  if (t < row.asOf) return nothing('stale');
  if (!row.present) return { ...nothing('unchanged'), tags: [{ ...row, asOf: t }] };
  return { ...nothing('changed'), ...deleteTags([row], gone, t, standing) };
}

function decideManifest(view: IndexView, seen: ManifestObserved, t: number, standing: Standing): Decision {
  const row = view.manifest(seen.registry, seen.repository, seen.digest);
  if (row !== undefined && !row.present && t < row.asOf) return nothing('stale');
  const manifests = [manifestRow(seen, seen.digest, true, Math.max(t, row?.asOf ?? t))];
  if (row?.present === true) return { ...nothing('unchanged'), manifests };
  const { digest, mediaType, size } = seen;
  const target = { tag: null, digest, mediaType, size, previousDigest: null };
  const pushed = change('manifest.pushed', seen, standing.head + 1, t, standing, target);
  return { ...nothing('changed'), changes: [pushed], manifests };
}

function decideManifestGone(view: IndexView, gone: ManifestGone, t: number, standing: Standing): Decision {
  const row = view.manifest(gone.registry, gone.repository, gone.digest);
  if (row === undefined) return nothing('unknown');
  if (t < row.asOf) return nothing('stale');
  const manifests = [manifestRow(gone, gone.digest, false, t)];
  if (!row.present) return { ...nothing('unchanged'), manifests };
  const at = view.tagsAt(gone.registry, gone.repository, gone.digest).filter((tag) => tag.asOf <= t);
  const { changes, tags } = deleteTags(at, gone, t, standing);
  const sequence = standing.head + changes.length + 1;
  const target = { tag: null, digest: gone.digest, previousDigest: null, mediaType: null, size: null };
  const deleted = change('manifest.deleted', gone, sequence, t, standing, target);
  return { ...nothing('changed'), changes: [...changes, deleted], tags, manifests };
}

function decideRepositoryGone(
  view: IndexView,
  gone: RepositoryGone,
  t: number,
  standing: Standing,
): Decision {
  const present = view.tagsOf(gone.registry, gone.repository).filter((tag) => tag.asOf <= t);
  return {
    ...nothing(present.length === 0 ? 'unknown' : 'changed'),
    ...deleteTags(present, gone, t, standing),
    forgetManifestsUpTo: t,
  };
}

function deleteTags(rows: readonly TagRow[], gone: Observation, t: number, standing: Standing) {
  const changes: Change[] = [];
  const tags: TagRow[] = [];
  for (const row of rows) {
    const sequence = standing.head + changes.length + 1;
    const nowhere = { digest: null, mediaType: null, size: null };
    const target = { tag: row.tag, ...nowhere, previousDigest: row.digest };
    changes.push(change('tag.deleted', gone, sequence, t, standing, target));
    tags.push({ ...row, ...nowhere, present: false, asOf: t, updatedAt: t, sequence });
  }
  return { changes, tags };
}

type Target = Pick<Change, 'tag' | 'digest' | 'previousDigest' | 'mediaType' | 'size'>;

function change(
  type: ChangeType,
  observation: Observation,
  sequence: number,
  t: number,
  { epoch, recordedAt, now }: Standing,
  { tag, digest, previousDigest, mediaType, size }: Target,
): Change {
  const { registry, repository, origin } = observation;
  const where = { registry, repository, tag, digest, previousDigest, mediaType, size };
  const occurredAt = Math.min(observation.occurredAt ?? t, now);
  return { epoch, sequence, type, ...where, occurredAt, recordedAt, origin };
}

function manifestRow(of: Observation, digest: Digest, present: boolean, asOf: number): ManifestRow {
  return { registry: of.registry, repository: of.repository, digest, present, asOf };
}
