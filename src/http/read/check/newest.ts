/** Finds the newest tag that each range allows. Tags are read once, and again only when some came or went. */
import { type RepositoryName, repositoryKey, repositoryOfKey } from '../../../event/reference.ts';
import { compareVersionKeys, type VersionKey } from '../../../event/semver-tag.ts';
import { VersionList } from '../../../event/version-list.ts';
import type { LedgerQueries, ListMoment, ListState, TagName, TagPlace } from '../../../ledger/queries.ts';
import { maxStep, type Reading } from '../../../reading/reading.ts';
import { compareText } from '../tag-list.ts';
import type { Image } from './image.ts';
import type { VersionLists } from './version-lists.ts';

/** What was found for one image. */
export interface Newest {
  /** Null: no known tag is in the range, or the tags could not be read. */
  readonly tag: TagName | null;
  /** False: the request had read as many rows as it may before it had read this repository. */
  readonly wasRead: boolean;
  /** What is known of the repository's list. */
  readonly listed: ListState['listed'];
}

export interface NewestParts {
  readonly ledger: Pick<LedgerQueries, 'lists' | 'tagNames'>;
  readonly versionLists: VersionLists;
}

/** What one tag costs, in steps of judging: to be read, and to be judged by a range. */
const stepsPerTag = 2;
const stepsPerRange = 4;

/** By image; those without a range are left out. */
export async function findNewest(
  parts: NewestParts,
  reading: Reading,
  images: readonly Image[],
): Promise<ReadonlyMap<Image, Newest>> {
  const found = new Map<Image, Newest>();
  const byRepository = Map.groupBy(
    images.filter(({ range }) => range !== null),
    repositoryKey,
  );
  const read = await readVersions(parts, reading, byRepository);
  for (const [key, asking] of byRepository) {
    const { lists, listed } = read.get(key) ?? { lists: null, listed: null };
    const newest = await newestOf(reading, lists ?? [], asking);
    for (const image of asking) {
      const key = newest.get(image);
      const { registry, repository } = image;
      const tag = key === undefined ? null : { registry, repository, tag: key.tag };
      found.set(image, { tag, wasRead: lists !== null, listed });
    }
  }
  return found;
}

interface Versions {
  /** Null: they could not be read. */
  readonly lists: readonly VersionList[] | null;
  readonly listed: ListState['listed'];
}

async function readVersions(
  { ledger, versionLists }: NewestParts,
  reading: Reading,
  asked: ReadonlyMap<string, unknown>,
): Promise<ReadonlyMap<string, Versions>> {
  const versions = new Map<string, Versions>();
  const moments = new Map<string, ListMoment>();
  const names = [...asked.keys()].map(repositoryOfKey);
  if (names.length === 0) return versions;
  const { lists: states, bounds } = await reading.step(async () => ({
    ...(await ledger.lists(names)),
    looked: names.length,
  }));
  const unread: RepositoryName[] = [];
  for (const [at, name] of names.entries()) {
    const key = repositoryKey(name);
    const { listed, ...state } = states[at] ?? { tags: 0, moved: null, listed: null };
    const moment = { ...state, bounds };
    const lists = state.tags === 0 ? [] : versionLists.get(key, moment);
    versions.set(key, { lists, listed });
    moments.set(key, moment);
    if (lists === null) unread.push(name);
  }
  for (const [key, lists] of await readTags(ledger, reading, unread)) {
    versions.set(key, { lists, listed: versions.get(key)?.listed ?? null });
    const moment = moments.get(key);
    if (moment !== undefined) versionLists.keep(key, moment, lists);
  }
  return versions;
}

/** The versions of those repositories that could be read to the end. */
async function readTags(
  ledger: Pick<LedgerQueries, 'tagNames'>,
  reading: Reading,
  repositories: readonly RepositoryName[],
): Promise<ReadonlyMap<string, readonly VersionList[]>> {
  if (repositories.length === 0) return new Map();
  const keys = repositories.map(repositoryKey);
  const lists = new Map<string, VersionList[]>(keys.map((key) => [key, []]));
  let place: TagPlace | undefined;
  do {
    const after = place === undefined ? {} : { after: place };
    const page = await reading.step(() => ledger.tagNames({ repositories: keys, ...after, limit: maxStep }));
    for (const { tags, ...name } of page.repositories) {
      lists.get(repositoryKey(name))?.push(new VersionList(tags));
      const pause = reading.spend(tags.length * stepsPerTag);
      if (pause !== null) await pause;
    }
    place = page.next ?? undefined;
  } while (place !== undefined && reading.hasRoom);
  const end = place;
  if (end === undefined) return lists;
  // Half a list would name a tag that is not the newest.
  for (const name of repositories) if (compareRepositories(name, end) >= 0) lists.delete(repositoryKey(name));
  return lists;
}

/** Of images of one repository. Each tag is read once for all of them. */
async function newestOf(
  reading: Reading,
  lists: readonly VersionList[],
  images: readonly Image[],
): Promise<ReadonlyMap<Image, VersionKey>> {
  const best = new Map<Image, VersionKey>();
  for (const list of lists) {
    const read: VersionKey[] = [];
    for (const image of images) {
      if (image.range === null) continue;
      const { newest, steps } = list.newest(image.range, image.variant, read);
      const before = best.get(image);
      if (newest !== null && (before === undefined || compareVersionKeys(newest, before) > 0))
        best.set(image, newest);
      const pause = reading.spend((1 + steps) * stepsPerRange);
      if (pause !== null) await pause;
    }
  }
  return best;
}

/** The order in which the ledger lists repositories. */
function compareRepositories(a: RepositoryName, b: RepositoryName): number {
  return compareText(a.registry, b.registry) || compareText(a.repository, b.repository);
}
