/**
 * The decision that every ledger makes: what an observation changes. Pure: takes the current index, returns the
 * outcome, the changes and the rows to write. Memory and SQLite call it; Redis restates it in `lua/record.lua`.
 *
 * `weigh.ts` decides whether an observation is newer or older than a row, or `unsure`: only the registry knows. A
 * deleted row stays as a tombstone, so that a late delivery cannot bring it back.
 *
 * | observation        | the index knows                              | outcome   | changes                        |
 * |--------------------|----------------------------------------------|-----------|--------------------------------|
 * | any, key seen      | –                                            | duplicate | –                              |
 * | tag → digest       | the digest deleted, and this is older        | stale     | –                              |
 * |                    | no row, `silent`                             | filled    | –                              |
 * |                    | no row; or tombstone, newer                  | changed   | tag.created                    |
 * |                    | tombstone, older                             | stale     | –                              |
 * |                    | tombstone, unsure                            | waiting   | –                              |
 * |                    | same digest                                  | unchanged | –                              |
 * |                    | other digest or none, older                  | stale     | –                              |
 * |                    | other digest or none, unsure                 | waiting   | –                              |
 * |                    | no digest yet, newer                         | filled    | –                              |
 * |                    | other digest, newer (equal: as it came)      | changed   | tag.updated                    |
 * | tag → null         | no row, tombstone: as for a digest           |           |                                |
 * |                    | present, newer, and not of an equal time     | changed   | tag.updated, digest null       |
 * |                    | present, equal time, or no digest there      | unchanged | –                              |
 * |                    | present with digest, older / unsure          | stale / waiting | –                        |
 * | tag gone           | no row                                       | unknown   | –                              |
 * |                    | older                                        | stale     | –                              |
 * |                    | tombstone, not older                         | unchanged | –                              |
 * |                    | present, unsure                              | waiting   | –                              |
 * |                    | present, newer                               | changed   | tag.deleted                    |
 * | manifest           | no row, `silent`                             | filled    | –                              |
 * |                    | no row; or tombstone, newer                  | changed   | manifest.pushed                |
 * |                    | tombstone, older                             | stale     | –                              |
 * |                    | present                                      | unchanged | –                              |
 * | manifest gone      | no row                                       | unknown   | –                              |
 * |                    | older                                        | stale     | –                              |
 * |                    | tombstone, newer                             | unchanged | –                              |
 * |                    | present, newer                               | changed   | tag.deleted of each tag at it  |
 * |                    |                                              |           | that is not newer, by name;    |
 * |                    |                                              |           | then manifest.deleted          |
 * |                    | present, unsure of a tag at it               | changed,  | tag.deleted of the others; the |
 * |                    |                                              | waiting   | digest stays                   |
 * | repository gone    | present tags that are not newer              | changed   | tag.deleted of each, by name   |
 * |                    | present tags of which it is unsure alone     | waiting   | –                              |
 * |                    | none                                         | unknown   | –                              |
 * | baseline           | scope known / not known                      | unchanged / filled | –                     |
 * | listed             | –                                            | unchanged | –                              |
 * |                    | tags of the repository wait                  | waiting   | –                              |
 * | tag, with platforms| it would be created or updated               | waiting   | –                              |
 * | tag, tag gone      | others of the tag wait, and it is not older  | waiting   | –                              |
 *
 * `waiting`: nothing changed; another look at the tag decides (`lookAgain`), or its turn has to come (`turns.ts`).
 *
 * A tag that is seen again with its digest learns a media type and size that the index lacked. A digest that a tag
 * leaves counts as believed at that time: retention then keeps it as long as the change that names it.
 *
 * Every outcome but `stale`, `waiting`, `unknown` and `duplicate` raises asOf to at least the observation's stamp. A
 * tag seen with a digest makes the digest known without a change of its own. The end of a repository forgets its
 * digests, except those of present tags and those that the same sender named later.
 */
import type { Change, ChangeType } from '../event/change.ts';
import type { Digest } from '../event/digest.ts';
import type {
  Deferred,
  ManifestGone,
  ManifestObserved,
  Observation,
  RepositoryGone,
  TagGone,
  TagObserved,
} from '../event/observation.ts';
import type { Decision, IndexView, ManifestRow, Standing, TagRow } from './decision.ts';
import type { Outcome } from './ledger.ts';
import { listingOf } from './list-marks.ts';
import { platformsOf, turnOf, waitsBehind, wantsPlatforms } from './turns.ts';
import {
  certainAt,
  confirmedAt,
  happenedAt,
  isDuplicate,
  latestBinding,
  remembered,
  stampOf,
  weigh,
} from './weigh.ts';

/** Decides by the table above. */
export function decide(view: IndexView, observation: Observation, standing: Standing): Decision {
  if (isDuplicate(view, observation, standing.clock)) return nothing('duplicate');
  switch (observation.kind) {
    case 'tag':
      return decideTag(view, observation, standing);
    case 'tag-gone':
      return decideTagGone(view, observation, standing);
    case 'manifest':
      return decideManifest(view, observation, standing);
    case 'manifest-gone':
      return decideManifestGone(view, observation, standing);
    case 'repository-gone':
      return decideRepositoryGone(view, observation, standing);
    case 'baseline':
      return view.hasBaseline(observation.registry, observation.repository, observation.scope)
        ? nothing('unchanged')
        : { ...nothing('filled'), baseline: observation.scope };
    case 'listed':
      // The list had tags that the index does not have yet.
      if (view.turnsOf(observation) > 0) return nothing('waiting');
      return { ...nothing('unchanged'), listed: listingOf(observation, standing) };
  }
}

/** As `decide`, with room for `room` more waiting observations; without room they are believed as they came. */
export function decideWithin(
  room: () => number,
  view: IndexView,
  observation: Observation,
  standing: Standing,
): Decision {
  const decision = decide(view, observation, standing);
  const waiting = decision.lookAgain.length + (decision.turn === null ? 0 : 1);
  if (waiting === 0 || waiting <= room()) return decision;
  const believed = { ...observation, keptAt: stampOf(observation, standing.clock) };
  const isOfTag = believed.kind === 'tag' || believed.kind === 'tag-gone';
  return decide(view, isOfTag ? { ...believed, waited: true } : believed, standing);
}

function nothing(outcome: Outcome): Decision {
  const none = { changes: [], tags: [], manifests: [], lookAgain: [], turn: null };
  return { outcome, ...none, forgetManifests: null, baseline: null, listed: null };
}

function decideTag(view: IndexView, seen: TagObserved, standing: Standing): Decision {
  const { registry, repository, tag } = seen;
  const row = view.tag(registry, repository, tag);
  const manifest = seen.digest === null ? undefined : view.manifest(registry, repository, seen.digest);
  // The digest's deletion is newer than this late push, even if the tag is new.
  if (manifest !== undefined && !manifest.present && weigh(seen, manifest, standing) === 'older')
    return nothing('stale');

  const verdict = judgeTag(row, seen, standing);
  if (verdict === 'stale') return nothing('stale');
  if (verdict === 'waiting') {
    const { awaits: _awaits, waitsSince: _since, ...told } = seen;
    return { ...nothing('waiting'), lookAgain: [told] };
  }
  const isChange = verdict === 'tag.created' || verdict === 'tag.updated';
  if (waitsBehind(view, seen) || (isChange && wantsPlatforms(seen)))
    return { ...nothing('waiting'), turn: turnOf(seen, standing.clock) };
  const manifests = seen.digest === null ? [] : [manifestRow(seen, seen.digest, true, manifest, standing)];
  const believed = { present: true, ...remembered(seen, row, standing) };
  if (verdict === 'unchanged' && row !== undefined)
    return {
      ...nothing('unchanged'),
      tags: [{ ...row, ...believed, ...confirmed(row, seen, standing) }],
      manifests,
    };

  const t = happenedAt(seen, standing);
  const target = { digest: seen.digest, mediaType: seen.mediaType, size: seen.size };
  const checkedAt = seen.digest === null ? null : certainAt(seen, standing);
  if (verdict === 'filled' || verdict === 'unchanged') {
    const born = { registry, repository, tag, firstSeenAt: t, updatedAt: t, sequence: 0 };
    return {
      ...nothing('filled'),
      tags: [{ ...born, ...row, ...target, ...believed, checkedAt }],
      manifests,
    };
  }
  const sequence = standing.head + 1;
  const firstSeenAt = verdict === 'tag.updated' && row !== undefined ? row.firstSeenAt : t;
  const moved = { registry, repository, tag, ...target, ...believed, checkedAt };
  const previousDigest = row?.digest ?? null;
  const made = change(verdict, seen, sequence, standing, { tag, ...target, previousDigest });
  return {
    ...nothing('changed'),
    changes: [seen.awaits === 'platforms' ? { ...made, ...platformsOf(seen, row) } : made],
    tags: [{ ...moved, firstSeenAt, updatedAt: t, sequence }],
    manifests: [...manifests, ...left(view, row === undefined ? [] : [row], standing)],
  };
}

/** What an observation of the same digest adds to the row. One without a digest confirms nothing. */
function confirmed(row: TagRow, seen: TagObserved, standing: Standing): Partial<TagRow> {
  if (seen.digest !== row.digest) return {};
  const checkedAt = row.digest === null ? null : confirmedAt(row.checkedAt ?? null, seen, standing);
  return { mediaType: row.mediaType ?? seen.mediaType, size: row.size ?? seen.size, checkedAt };
}

/** The digests that these rows point at, believed until now. */
function left(view: IndexView, rows: readonly TagRow[], standing: Standing): readonly ManifestRow[] {
  return rows.flatMap(({ registry, repository, digest }) => {
    const known = digest === null ? undefined : view.manifest(registry, repository, digest);
    return known?.present === true ? [{ ...known, asOf: standing.clock.stampedAt }] : [];
  });
}

type TagVerdict = 'stale' | 'waiting' | 'unchanged' | 'filled' | 'tag.created' | 'tag.updated';

function judgeTag(row: TagRow | undefined, seen: TagObserved, standing: Standing): TagVerdict {
  if (row === undefined) return seen.silent === true ? 'filled' : 'tag.created';
  const weight = weigh(seen, row, standing);
  const refusal = weight === 'unsure' ? 'waiting' : weight === 'older' ? 'stale' : null;
  if (!row.present) return refusal ?? 'tag.created';
  // The sender names no digest, only that the tag moved. Only its time can tell a repetition from a new push.
  if (seen.digest === null && refusal === null && !isOfEqualTime(seen, row, standing)) return 'tag.updated';
  if (seen.digest === row.digest) return 'unchanged';
  if (refusal !== null) return refusal;
  if (seen.digest === null) return 'unchanged';
  return row.digest === null ? 'filled' : 'tag.updated';
}

function isOfEqualTime(seen: TagObserved, row: TagRow, { clock }: Standing): boolean {
  if (seen.saidAt !== undefined && row.saidBy === seen.origin) return seen.saidAt === row.saidAt;
  return stampOf(seen, clock) <= row.asOf;
}

function decideTagGone(view: IndexView, gone: TagGone, standing: Standing): Decision {
  const row = view.tag(gone.registry, gone.repository, gone.tag);
  const weight = row === undefined ? 'newer' : weigh(gone, row, standing);
  if (weight === 'older') return nothing('stale');
  if (weight === 'newer' && waitsBehind(view, gone))
    return { ...nothing('waiting'), turn: turnOf(gone, standing.clock) };
  if (row === undefined) return nothing('unknown');
  const checkedAt = confirmedAt(row.checkedAt ?? null, gone, standing);
  if (!row.present)
    return { ...nothing('unchanged'), tags: [{ ...row, ...remembered(gone, row, standing), checkedAt }] };
  if (weight === 'unsure') return { ...nothing('waiting'), lookAgain: [gone] };
  const manifests = left(view, [row], standing);
  return { ...nothing('changed'), ...deleteTags([row], gone, standing), manifests };
}

function decideManifest(view: IndexView, seen: ManifestObserved, standing: Standing): Decision {
  const row = view.manifest(seen.registry, seen.repository, seen.digest);
  if (row !== undefined && !row.present && weigh(seen, row, standing) === 'older') return nothing('stale');
  const manifests = [manifestRow(seen, seen.digest, true, row, standing)];
  if (row?.present === true) return { ...nothing('unchanged'), manifests };
  if (row === undefined && seen.silent === true) return { ...nothing('filled'), manifests };
  const { digest, mediaType, size } = seen;
  const target = { tag: null, digest, mediaType, size, previousDigest: null };
  const pushed = change('manifest.pushed', seen, standing.head + 1, standing, target);
  return { ...nothing('changed'), changes: [pushed], manifests };
}

function decideManifestGone(view: IndexView, gone: ManifestGone, standing: Standing): Decision {
  const row = view.manifest(gone.registry, gone.repository, gone.digest);
  if (row === undefined) return nothing('unknown');
  if (weigh(gone, row, standing) === 'older') return nothing('stale');
  const manifests = [manifestRow(gone, gone.digest, false, row, standing)];
  if (!row.present) return { ...nothing('unchanged'), manifests };
  const ends = endsOf(view.tagsAt(gone.registry, gone.repository, gone.digest), gone, standing);
  const { changes, tags } = deleteTags(ends.tags, gone, standing);
  // Keep the digest while a tag may still point at it.
  if (ends.lookAgain.length > 0)
    return { ...nothing(outcomeOf(changes, ends.lookAgain)), changes, tags, lookAgain: ends.lookAgain };
  const sequence = standing.head + changes.length + 1;
  const target = { tag: null, digest: gone.digest, previousDigest: null, mediaType: null, size: null };
  const deleted = change('manifest.deleted', gone, sequence, standing, target);
  return { ...nothing('changed'), changes: [...changes, deleted], tags, manifests };
}

function decideRepositoryGone(view: IndexView, gone: RepositoryGone, standing: Standing): Decision {
  const ends = endsOf(view.tagsOf(gone.registry, gone.repository), gone, standing);
  const { changes, tags } = deleteTags(ends.tags, gone, standing);
  const { saidAt, origin } = gone;
  return {
    ...nothing(outcomeOf(changes, ends.lookAgain)),
    changes,
    tags,
    lookAgain: ends.lookAgain,
    forgetManifests:
      saidAt === undefined ? 'all' : { by: origin, after: saidAt, upTo: latestBinding(saidAt, standing.now) },
  };
}

/** Which tags end with their digest or repository, and which need a look first. */
function endsOf(rows: readonly TagRow[], gone: ManifestGone | RepositoryGone, standing: Standing) {
  const tags = rows.filter((row) => weigh(gone, row, standing) === 'newer');
  const lookAgain = rows
    .filter((row) => weigh(gone, row, standing) === 'unsure')
    .map((row) => tagGoneOf(gone, row.tag));
  return { tags, lookAgain };
}

function tagGoneOf(gone: ManifestGone | RepositoryGone, tag: string): TagGone {
  const { registry, repository, origin, saidAt, occurredAt } = gone;
  return {
    ...{ kind: 'tag-gone', registry, repository, tag, origin },
    ...(saidAt === undefined ? {} : { saidAt }),
    ...(occurredAt === undefined ? {} : { occurredAt }),
  };
}

function outcomeOf(changes: readonly Change[], lookAgain: readonly Deferred[]): Outcome {
  if (changes.length > 0) return 'changed';
  return lookAgain.length > 0 ? 'waiting' : 'unknown';
}

function deleteTags(rows: readonly TagRow[], gone: Observation, standing: Standing) {
  const changes: Change[] = [];
  const tags: TagRow[] = [];
  const updatedAt = happenedAt(gone, standing);
  for (const row of rows) {
    const sequence = standing.head + changes.length + 1;
    const nowhere = { digest: null, mediaType: null, size: null };
    const target = { tag: row.tag, ...nowhere, previousDigest: row.digest };
    changes.push(change('tag.deleted', gone, sequence, standing, target));
    const memory = { ...remembered(gone, row, standing), checkedAt: certainAt(gone, standing) };
    tags.push({ ...row, ...nowhere, present: false, updatedAt, sequence, ...memory });
  }
  return { changes, tags };
}

type Target = Pick<Change, 'tag' | 'digest' | 'previousDigest' | 'mediaType' | 'size'>;

function change(
  type: ChangeType,
  observation: Observation,
  sequence: number,
  standing: Standing,
  { tag, digest, previousDigest, mediaType, size }: Target,
): Change {
  const { epoch, recordedAt, now } = standing;
  const { registry, repository, origin } = observation;
  const where = { registry, repository, tag, digest, previousDigest, mediaType, size };
  const occurredAt = Math.min(observation.occurredAt ?? happenedAt(observation, standing), now);
  return { epoch, sequence, type, ...where, occurredAt, recordedAt, origin };
}

function manifestRow(
  of: Observation,
  digest: Digest,
  present: boolean,
  known: ManifestRow | undefined,
  standing: Standing,
): ManifestRow {
  const { asOf, saidAt, saidBy } = remembered(of, known, standing);
  const { registry, repository } = of;
  const said = 'mediaType' in of ? of : { mediaType: null, size: null };
  const mediaType = said.mediaType ?? known?.mediaType ?? null;
  const size = said.size ?? known?.size ?? null;
  return { registry, repository, digest, present, mediaType, size, asOf, saidAt, saidBy };
}
