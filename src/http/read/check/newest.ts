/** Finds the newest tag that each range allows, in one walk over the tags of all repositories that are asked for. */
import { type RepositoryName, repositoryKey } from '../../../event/reference.ts';
import { compareVersionKeys, type VersionKey, versionKey } from '../../../event/semver-tag.ts';
import type { TagState } from '../../../ledger/ledger.ts';
import type { LedgerQueries, TagPlace } from '../../../ledger/queries.ts';
import { maxStep, type Reading } from '../../../reading/reading.ts';
import { compareText } from '../tag-list.ts';
import type { Image } from './image.ts';

/** What was found for one image. */
export interface Newest {
  /** Null: no known tag is in the range, or the tags could not be read. */
  readonly tag: TagState | null;
  /** False: the request had read as many rows as it may before it had read this repository. */
  readonly wasRead: boolean;
}

interface Best {
  readonly tag: TagState;
  readonly key: VersionKey;
}

/** What one range costs for one tag, in steps of judging. */
const stepsPerRange = 4;

/** By image; those without a range are left out. */
export async function findNewest(
  ledger: Pick<LedgerQueries, 'listTags'>,
  reading: Reading,
  images: readonly Image[],
): Promise<ReadonlyMap<Image, Newest>> {
  const asking = images.filter(({ range }) => range !== null);
  if (asking.length === 0) return new Map();
  const byRepository = Map.groupBy(asking, repositoryKey);
  const within = { repositories: [...byRepository.keys()] };
  const best = new Map<Image, Best>();
  let place: TagPlace | undefined;
  do {
    const after = place === undefined ? {} : { after: place };
    const page = await reading.step(() => ledger.listTags({ within, ...after, limit: maxStep }));
    for (const tag of page.tags) {
      const of = byRepository.get(repositoryKey(tag)) ?? [];
      take(tag, of, best);
      const pause = reading.spend(of.length * stepsPerRange);
      if (pause !== null) await pause;
    }
    place = page.next ?? undefined;
  } while (place !== undefined && reading.hasRoom);
  const end = place;
  return new Map(asking.map((image) => [image, newestOf(image, best.get(image), end)]));
}

/** Keeps the tag where it is newer than what was found before. */
function take(tag: TagState, images: readonly Image[], best: Map<Image, Best>): void {
  const key = versionKey(tag.tag);
  if (key.version === null) return;
  for (const image of images) {
    const { range, variant } = image;
    if (range === null || (variant !== null && key.variant !== variant)) continue;
    const before = best.get(image);
    if (before !== undefined && compareVersionKeys(key, before.key) <= 0) continue;
    if (range.matches(tag.tag)) best.set(image, { tag, key });
  }
}

/** @param end where reading ended before it was through; undefined: it was */
function newestOf(image: Image, best: Best | undefined, end: TagPlace | undefined): Newest {
  // Half a list would name a tag that is not the newest.
  if (end !== undefined && compareRepositories(image, end) >= 0) return { tag: null, wasRead: false };
  return { tag: best?.tag ?? null, wasRead: true };
}

/** The order in which the ledger lists repositories. */
function compareRepositories(a: RepositoryName, b: RepositoryName): number {
  return compareText(a.registry, b.registry) || compareText(a.repository, b.repository);
}
