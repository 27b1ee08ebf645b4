/**
 * The update check of many images in one request: whether a tag points elsewhere than what the client has, and which
 * newer tag there is. It answers from the index; where that is allowed, tags that are not known are looked up first.
 */
import { refusalOf } from '../../../errors.ts';
import type { Digest } from '../../../event/digest.ts';
import { repositoryKey } from '../../../event/reference.ts';
import type { KnownTag, LedgerQueries, TagName } from '../../../ledger/queries.ts';
import { maxStep, type Reading } from '../../../reading/reading.ts';
import { oldestOf, timeBefore } from '../listings.ts';
import type { Image } from './image.ts';
import { findNewest, type Newest } from './newest.ts';
import { type Moved, PlatformMoves } from './platform.ts';
import type { VersionLists } from './version-lists.ts';

export interface CheckParts {
  readonly ledger: Pick<LedgerQueries, 'states' | 'lists' | 'tagNames' | 'digests' | 'manifests'>;
  readonly versionLists: VersionLists;
  /** Null: what is not known is not looked up. */
  readonly lookUps: LookUps | null;
  /** ms since the epoch. */
  readonly now: () => number;
}

/** Asks registries for tags, and has the ledger record what they say. */
export interface LookUps {
  /** Resolves after a bounded time, also if a registry could not be asked. @param names at most `maxLookUps` */
  lookUp(names: readonly TagName[]): Promise<void>;
}

/** Images of which the manifests are read at once: each may have 4 MiB. */
const atOnce = 8;
/** Repositories that a refusal names. */
const maxNamed = 10;
/** Tags that one request has looked up; further ones are answered as unknown. */
export const maxLookUps = 100;

/** Why an answer is not certain. */
export type Doubt =
  /** The tag was never heard of. */
  | 'unknown'
  /** It was deleted. */
  | 'deleted'
  /** A push was announced without a digest, and the registry did not say it yet. */
  | 'no-digest'
  /** When the tag last was as the index says cannot be told. */
  | 'not-confirmed'
  /** The repository's list of tags was never read whole: there may be newer ones. */
  | 'not-listed'
  /** The request had read as many rows as it may: check fewer images with ranges. */
  | 'too-many-rows'
  /** Which manifest is the platform's is not known. */
  | 'platform-unknown';

/** The answer for one image, as it is sent. */
export interface Checked {
  readonly image: string;
  /** What the tag points at now; without a tag, the newest. Null: not known. */
  readonly digest: Digest | null;
  /** Whether that differs from what the client has; null: not known, or the client did not say what it has. */
  readonly moved: boolean | null;
  /** Null: no range was given, or none of the known tags is in it. */
  readonly newest: {
    readonly tag: string;
    readonly digest: Digest | null;
    readonly updatedAt: string;
  } | null;
  readonly certain: boolean;
  /** When all of this was last confirmed by the registry or a webhook; null: not known. */
  readonly checkedAt: string | null;
  readonly reason: Doubt | null;
}

/** @throws DENIED, the same whether a repository exists or not */
export async function check(
  parts: CheckParts,
  reading: Reading,
  images: readonly Image[],
): Promise<readonly Checked[]> {
  requireGranted(images, reading);
  const newest = await findNewest(parts, reading, images);
  const subjects = images.map((image) => image.name ?? newest.get(image)?.tag ?? null);
  const names = unique([...subjects, ...[...newest.values()].map(({ tag }) => tag)]);
  const known = await stateOf(parts, reading, names);
  const moves = new PlatformMoves(parts.ledger, reading);
  const answerOne = async (image: Image, subject: TagName | null) => {
    const found: Found = {
      state: subject === null ? null : (known.get(keyOf(subject)) ?? null),
      newest: newest.get(image) ?? null,
      newestState: stateOfNewest(known, newest.get(image)),
    };
    return answer(image, found, await isMoved(moves, image, found.state), parts.now());
  };
  const answers: Checked[] = [];
  for (let from = 0; from < images.length; from += atOnce) {
    const some = images.slice(from, from + atOnce);
    answers.push(
      ...(await Promise.all(some.map((image, at) => answerOne(image, subjects[from + at] ?? null)))),
    );
  }
  return answers;
}

/** Names what to leave out, so that a client that checks a whole host need not find it one by one. */
function requireGranted(images: readonly Image[], { grant }: Reading): void {
  const denied = [...new Set(images.map(repositoryKey))].filter((key) => !grant.allows(key));
  if (denied.length === 0) return;
  const more = denied.length > maxNamed ? ` and ${denied.length - maxNamed} more` : '';
  throw refusalOf(
    'DENIED',
    'image',
    `ask for ${denied.slice(0, maxNamed).join(', ')}${more}: this token does not allow it (see GET /v1/access)`,
  );
}

type Known = ReadonlyMap<string, KnownTag>;

/** By `keyOf`; what nobody heard of is absent. */
async function stateOf(
  { ledger, lookUps }: CheckParts,
  reading: Reading,
  names: readonly TagName[],
): Promise<Known> {
  const known = await readStates(ledger, reading, names);
  const missing = names.filter((name) => !known.has(keyOf(name))).slice(0, maxLookUps);
  if (lookUps === null || missing.length === 0) return known;
  await lookUps.lookUp(missing);
  return new Map([...known, ...(await readStates(ledger, reading, missing))]);
}

async function readStates(
  ledger: CheckParts['ledger'],
  reading: Reading,
  names: readonly TagName[],
): Promise<Known> {
  const known = new Map<string, KnownTag>();
  for (let from = 0; from < names.length; from += maxStep) {
    const some = names.slice(from, from + maxStep);
    const { states } = await reading.step(async () => ({
      states: await ledger.states(some),
      looked: some.length,
    }));
    for (const state of states) if (state !== null) known.set(keyOf(state), state);
  }
  return known;
}

function keyOf({ registry, repository, tag }: TagName): string {
  return `${registry}/${repository}:${tag}`;
}

function unique(names: readonly (TagName | null)[]): readonly TagName[] {
  const byKey = new Map<string, TagName>();
  for (const name of names) {
    if (name === null) continue;
    const { registry, repository, tag } = name;
    byKey.set(keyOf(name), { registry, repository, tag });
  }
  return [...byKey.values()];
}

function stateOfNewest(known: Known, newest: Newest | undefined): KnownTag | null {
  return newest === undefined || newest.tag === null ? null : (known.get(keyOf(newest.tag)) ?? null);
}

interface Found {
  /** The tag that is checked. */
  readonly state: KnownTag | null;
  /** Null: no range was given. */
  readonly newest: Newest | null;
  readonly newestState: KnownTag | null;
}

/** Whether the tag points elsewhere than what the client has. */
async function isMoved(moves: PlatformMoves, image: Image, state: KnownTag | null): Promise<Moved> {
  const { digest, platform, registry, repository } = image;
  if (state === null || !state.present || digest === null) {
    // A tag that is gone cannot be pulled again: that is no other digest.
    return { moved: null, isCertain: true };
  }
  if (state.digest === null) return { moved: null, isCertain: true };
  if (platform === null || state.digest === digest)
    return { moved: state.digest !== digest, isCertain: true };
  const now = { digest: state.digest, mediaType: state.mediaType };
  return moves.moved(platform, { repository: { registry, repository }, before: digest, now });
}

function answer(image: Image, found: Found, { moved, isCertain }: Moved, now: number): Checked {
  const { state, newest, newestState } = found;
  const present = state?.present === true ? state : null;
  const ageMs = oldestOf([
    // A range alone that no tag is in has no tag that could have been confirmed.
    ...(state === null && image.name === null ? [] : [state?.checkedAgeMs ?? null]),
    ...(newest === null ? [] : [newest.listed?.readAgeMs ?? null]),
    ...(newestState === null ? [] : [newestState.checkedAgeMs]),
  ]);
  const reason = doubtOf(image, found) ?? (isCertain ? null : 'platform-unknown') ?? unconfirmed(ageMs);
  return {
    image: image.text,
    digest: present?.digest ?? null,
    moved,
    newest: newestState === null ? null : newestOf(newestState),
    certain: reason === null,
    checkedAt: timeBefore(now, ageMs),
    reason,
  };
}

function newestOf({ tag, digest, updatedAt }: KnownTag): Checked['newest'] {
  return { tag, digest, updatedAt: new Date(updatedAt).toISOString() };
}

/** Why the index does not know the answer; null: it does. */
function doubtOf({ name }: Image, { state, newest }: Found): Doubt | null {
  if (newest !== null && !newest.wasRead) return 'too-many-rows';
  if (state === null && (name !== null || (newest?.listed ?? null) === null)) return 'unknown';
  if (state?.present === false) return 'deleted';
  if (state !== null && state.digest === null) return 'no-digest';
  return newest !== null && newest.listed === null ? 'not-listed' : null;
}

function unconfirmed(ageMs: number | null): Doubt | null {
  return ageMs === null ? 'not-confirmed' : null;
}
