/**
 * What can be asked of the index and the log, besides following changes. Every answer comes from an index, and one
 * call looks at a bounded number of rows (`maxRowsLookedAt`), so that no write waits behind it. A page may therefore be
 * short, even empty, and still have a `next`. Callers add up `looked`, and stop when a request has read enough.
 *
 * A place is plain data, and names a row that need not exist any more. Repositories are `registry/repository`.
 */
import type { Change, ChangeType } from '../event/change.ts';
import type { Digest } from '../event/digest.ts';
import type { EncodableTagState } from '../event/encode.ts';
import type { RepositoryName } from '../event/reference.ts';
import type { ListAges } from './list-marks.ts';
import type { ManifestStore } from './manifests.ts';

/** Where the ledger begins and ends. Sequence S of this epoch can be resumed if floor ≤ S ≤ head. */
export interface Bounds {
  readonly epoch: string;
  /** The sequence before the oldest change kept; equals head if none is kept. */
  readonly floor: number;
  /** The sequence of the newest change; 0 if there never was one. */
  readonly head: number;
  /** Positions below this are gone because changes were lost, not by retention. Absent: nothing was lost. */
  readonly lost?: number;
}

/** A present tag as the index knows it. */
export interface TagState extends EncodableTagState {
  /** The sequence of the change that set this state; 0 if a silent first look did. */
  readonly sequence: number;
}

/** These repositories; or one name with everything below it: `docker.io`, `ghcr.io/a`, not `ghcr.io/a-b`. */
export type Within = { readonly repositories: readonly string[] } | { readonly below: string };

export interface TagName extends RepositoryName {
  readonly tag: string;
}

/** Where a page of tags ended; also where one may begin, without a page before it. */
export interface TagPlace extends TagName {
  /** As of the row when it was read, ms since the epoch; any if sorted by name. */
  readonly updatedAt: number;
}

export interface TagListQuery {
  /** Absent: all repositories. */
  readonly within?: Within;
  /**
   * `name` (default): byte order of registry, repository, tag. `updated`: by `updatedAt`; equal times in an order that
   * stays, within a repository by tag.
   */
  readonly sort?: 'name' | 'updated';
  /** Default `asc`. `desc` is the exact reverse. */
  readonly order?: 'asc' | 'desc';
  /** Exclusive. */
  readonly after?: TagPlace;
  /** Maximum rows, 1–1,000. */
  readonly limit: number;
}

export interface TagsAtQuery extends Pick<TagListQuery, 'within' | 'after' | 'limit'> {
  readonly digest: Digest;
}

/**
 * Present tags. If nothing changes, the pages together are the whole list, each tag once. By name, a tag that stays is
 * on exactly one page, whatever else changes. By `updated`, a tag that moves between pages may be on two pages or on
 * none: a client that needs all of them also reads the changes after the head that it saw with the first page.
 */
export interface TagListPage {
  readonly tags: readonly TagState[];
  /** Null on the last page. */
  readonly next: TagPlace | null;
  /** Rows looked at, ≥ the rows returned. */
  readonly looked: number;
}

export interface TagNamesQuery extends Pick<TagListQuery, 'after' | 'limit'> {
  readonly repositories: readonly string[];
}

/** As a page of `listTags` by name, but of names alone, which cost a tenth. */
export interface TagNamesPage extends Omit<TagListPage, 'tags'> {
  /** In order; the last one may go on, on the next page. */
  readonly repositories: readonly (RepositoryName & { readonly tags: readonly string[] })[];
}

/** A tag that is, or was. */
export interface KnownTag extends TagState {
  /** False: deleted. Its digest, media type and size are null. */
  readonly present: boolean;
  /**
   * How long ago, by the ledger's clock, it certainly was as this row says: the registry was asked, or a webhook said
   * it. ms; null: unknown, or not measurable because a clock stepped back.
   */
  readonly checkedAgeMs: number | null;
  /** What the newest observation says that waits for its turn (`turns.ts`); absent: none waits. */
  readonly waiting?: WaitingState;
}

/** What a tag will be, as far as known, once what waits for its turn is decided. */
export type WaitingState = Pick<KnownTag, 'present' | 'digest' | 'mediaType' | 'size' | 'checkedAgeMs'>;

/** A digest that a repository holds or held: by a tag, a push or an answer of the registry. */
export interface KnownDigest {
  /** False: deleted. */
  readonly present: boolean;
  /** Null: no source said it. */
  readonly mediaType: string | null;
  /** Bytes; null: no source said it. */
  readonly size: number | null;
}

export interface HistoryQuery {
  /** A repository, or one of its tags. Absent: everything. */
  readonly of?: RepositoryName & { readonly tag?: string };
  /** Absent: all. */
  readonly types?: readonly ChangeType[];
  /** Only changes before this sequence; absent: from the head. */
  readonly before?: number;
  /** Maximum changes, 1–1,000. */
  readonly limit: number;
}

export interface HistoryPage {
  /** Newest first. */
  readonly changes: readonly Change[];
  /** `before` of the next page; null: the history ends here, at the floor. */
  readonly next: number | null;
  /** As of this page. The history of everything ends at its floor. */
  readonly bounds: Bounds;
  readonly looked: number;
}

export interface RepositoryListQuery {
  readonly within?: Within;
  /** Exclusive. */
  readonly after?: RepositoryName;
  /** Maximum rows, 1–1,000. */
  readonly limit: number;
}

export interface RepositoryState extends RepositoryName {
  /** Present tags. */
  readonly tags: number;
  /** Its newest change; null: none that is still kept. Its `origin` says who saw it. */
  readonly lastChange: Change | null;
  /** Whether a poll has looked at it. */
  readonly polled: boolean;
  /** Null: its list was never read whole, so the tags here may be some of many. */
  readonly listed: ListAges | null;
}

/** Repositories with a present tag, or whose list was read whole; byte order of registry, repository. */
export interface RepositoryListPage {
  readonly repositories: readonly RepositoryState[];
  readonly next: RepositoryName | null;
  readonly looked: number;
}

/** What is known of the list of a repository's tags. */
export interface ListState {
  /** Present tags. */
  readonly tags: number;
  /** Rises when a tag goes, and when one comes with a change. Null: not known, because no change is kept. */
  readonly moved: number | null;
  /** As `RepositoryState.listed`. */
  readonly listed: ListAges | null;
}

/** As of one moment. */
export interface ListStates {
  /** In order; null: no present tag, and its list was never read whole. */
  readonly lists: readonly (ListState | null)[];
  readonly bounds: Omit<Bounds, 'lost'>;
}

/** One of `ListStates`, with its moment. */
export interface ListMoment extends Pick<ListState, 'tags' | 'moved'>, Pick<ListStates, 'bounds'> {}

/**
 * Whether a repository has the same tags as before; false: perhaps not. What comes without a change, by a first look,
 * adds one tag. What goes makes a change; where none is kept now or then, none was made if the log goes back to then.
 */
export function hasSameTags(then: ListMoment, now: ListMoment): boolean {
  if (then.bounds.epoch !== now.bounds.epoch) return false;
  if (then.tags !== now.tags || then.moved !== now.moved) return false;
  return now.moved !== null || now.bounds.floor <= then.bounds.head;
}

export interface LedgerQueries {
  listTags(query: TagListQuery): Promise<TagListPage>;
  tagNames(query: TagNamesQuery): Promise<TagNamesPage>;
  /** All present tags that point at the digest, in any repository, ordered by name. */
  tagsAt(query: TagsAtQuery): Promise<TagListPage>;
  /** Each of these tags, at most 1,000, in order; null: never heard of. */
  states(names: readonly TagName[]): Promise<readonly (KnownTag | null)[]>;
  /** What the repository knows of each of these digests, at most 1,000, in order; null: nothing. */
  digests(of: RepositoryName, digests: readonly Digest[]): Promise<readonly (KnownDigest | null)[]>;
  history(query: HistoryQuery): Promise<HistoryPage>;
  listRepositories(query: RepositoryListQuery): Promise<RepositoryListPage>;
  /** What is known of the lists of these repositories, at most 1,000. */
  lists(of: readonly RepositoryName[]): Promise<ListStates>;
  /** It is closed with the ledger. */
  readonly manifests: ManifestStore;
}

/** Whether the repository, `registry/repository`, is one of those asked for. */
export function isWithin(key: string, within: Within | undefined): boolean {
  if (within === undefined) return true;
  if ('repositories' in within) return within.repositories.includes(key);
  return key === within.below || key.startsWith(`${within.below}/`);
}

/** Names or digests in one question. */
export const maxBatch = 1_000;

/** @throws RangeError: callers split what they ask */
export function assertBatch(asked: readonly unknown[]): void {
  if (asked.length > maxBatch)
    throw new RangeError(`ask the ledger: ${asked.length} names at once: must be at most ${maxBatch}`);
}
