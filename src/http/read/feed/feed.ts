/** A feed of changes, in no format yet: what Atom, RSS and JSON Feed are written from. Pure. */
import type { Change } from '../../../event/change.ts';
import { formatPosition } from '../../../event/position.ts';
import { repositoryKey } from '../../../event/reference.ts';
import { factsOf, type ItemFact, titleOf } from './item-text.ts';
import { uuidOf } from './uuid.ts';

/** One change. */
export interface FeedItem {
  /** `urn:uuid:…`, made from the position: the same at every gateway, in every feed, after every restart. */
  readonly id: string;
  /** Plain text in one line. */
  readonly title: string;
  readonly facts: readonly ItemFact[];
  /** Absolute URL of the change itself, as JSON. */
  readonly url: string;
  /** When the ledger stored it, ms since the epoch. */
  readonly recordedAt: number;
  /** Its type and its repository. */
  readonly categories: readonly string[];
  readonly change: Change;
}

/** Texts may hold any character; each format escapes them. */
export interface Feed {
  /** `urn:uuid:…`, made from the ledger's epoch and the filter. */
  readonly id: string;
  readonly title: string;
  /** Absolute URL of this feed, without a token. */
  readonly selfUrl: string;
  /** Absolute URL of the same changes at `/v1/changes`. */
  readonly changesUrl: string;
  /** `recordedAt` of the newest item, ms since the epoch; null: there is none. */
  readonly updatedAt: number | null;
  /** Newest first; each is made when it is asked for. */
  readonly items: Iterable<FeedItem>;
}

/** Who writes the feeds, as their formats name an author. */
export const author = 'Manifeed';

/** What a client asked for, as it wrote it. Undefined: not given. */
export interface FeedParams {
  readonly repository?: readonly string[] | undefined;
  readonly tag?: readonly string[] | undefined;
  readonly type?: readonly string[] | undefined;
  readonly n?: string | undefined;
}

export interface FeedSource {
  /** Absolute, without a slash at the end. */
  readonly baseUrl: string;
  /** `/v1/feed.atom` */
  readonly path: string;
  readonly params: FeedParams;
  /** Of the filter; equal filters have equal keys. */
  readonly filterKey: string;
  readonly epoch: string;
  readonly defaultRegistry: string;
  /** Newest first. */
  readonly changes: readonly Change[];
}

/** Makes the feed. Nothing of the request but the known parameters gets into it, so no token does. */
export function makeFeed(source: FeedSource): Feed {
  const { baseUrl, path, params, filterKey, epoch, defaultRegistry, changes } = source;
  const query = queryOf(params);
  return {
    id: `urn:uuid:${uuidOf(`feed ${epoch} ${filterKey}`)}`,
    title: feedTitle(params),
    selfUrl: `${baseUrl}${path}${query}`,
    changesUrl: `${baseUrl}/v1/changes${query}`,
    updatedAt: changes[0]?.recordedAt ?? null,
    items: {
      *[Symbol.iterator]() {
        for (const change of changes) yield toItem(change, baseUrl, defaultRegistry);
      },
    },
  };
}

function toItem(change: Change, baseUrl: string, defaultRegistry: string): FeedItem {
  const { epoch, sequence, type, recordedAt } = change;
  return {
    id: `urn:uuid:${uuidOf(`change ${formatPosition(epoch, sequence)}`)}`,
    title: titleOf(change, defaultRegistry),
    facts: factsOf(change),
    // The newest change before the next one. Without a name in it, it needs no escaping.
    url: `${baseUrl}/v1/changes?type=*&before=${formatPosition(epoch, sequence + 1)}&n=1`,
    recordedAt,
    categories: [type, repositoryKey(change)],
    change,
  };
}

/** With the question mark; '': nothing was given. */
function queryOf({ repository = [], tag = [], type = [], n }: FeedParams): string {
  const query = new URLSearchParams();
  for (const [name, values] of Object.entries({ repository, tag, type, n: n === undefined ? [] : [n] }))
    for (const value of values) query.append(name, value);
  return query.size === 0 ? '' : `?${query}`;
}

function feedTitle({ repository, tag, type }: FeedParams): string {
  const what = repository === undefined ? 'all repositories' : some(repository);
  const tags = tag === undefined ? '' : `, tags ${some(tag)}`;
  const types = type === undefined ? '' : `, types ${some(type)}`;
  return `Changes of ${what}${tags}${types}`;
}

/** Most values that a title names. */
const maxNamed = 3;

function some(values: readonly string[]): string {
  const named = values.slice(0, maxNamed).join(', ');
  const left = values.length - maxNamed;
  return left > 0 ? `${named} and ${left} more` : named;
}
