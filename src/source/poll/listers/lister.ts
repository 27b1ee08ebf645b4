/**
 * Listers: how one kind of registry tells which tags there are, and, where it can, what moved since the last
 * look. Each kind is one small file; here is what they share: the shape of a listing and the walk over pages
 * with its bounds. A lister never decides that a tag changed or is gone; the look asks by HEAD before it says so.
 */
import { isTag } from '../../../event/reference.ts';
import type { RegistryClient, Reply, RequestKind } from '../../../upstream/registry-client.ts';
import { UpstreamError } from '../../../upstream/upstream-error.ts';

export interface TagRow {
  readonly tag: string;
  /** Null where the list does not say. */
  readonly digest: string | null;
  /** When the registry says the tag last moved, ms since the epoch; null where it does not say. */
  readonly movedAt: number | null;
}

/** How a walk ended. Only `complete` lets a missing tag be suspected gone. */
export type ListingEnd =
  | 'complete'
  /** Newest first, down to what the last listing had seen. */
  | 'caught-up'
  /** A bound of ours was reached: what is there is right, but not all. */
  | 'bounded'
  /** The pages repeat themselves. */
  | 'looping';

export interface Listing {
  readonly rows: ReadonlyMap<string, TagRow>;
  readonly end: ListingEnd;
  /** When the first page was asked for, monotonic ms. */
  readonly askedAt: number;
  /** Rows whose tag broke the grammar; they are dropped. */
  readonly invalidTags: number;
}

export interface ListRequest {
  readonly client: RegistryClient;
  readonly repository: string;
  /**
   * Where the registry lists newest first: stop at rows that moved before this, ms since the epoch, on the
   * registry's clock. Null: list everything.
   */
  readonly since: number | null;
  readonly bounds: ListBounds;
}

export interface ListBounds {
  /** Tags of one repository that are looked at, at most. */
  readonly maxTags: number;
  /** Pages of one list, at most. */
  readonly maxPages: number;
  /** Bytes of one page, at most. */
  readonly maxPageBytes: number;
}

export const defaultListBounds: ListBounds = {
  maxTags: 50_000,
  maxPages: 1_000,
  maxPageBytes: 8 * 1024 * 1024,
};

/** How one kind of registry lists tags. To add one, write a file here and a line in `listers.ts`. */
export interface Lister {
  /** The name that `registries[].kind` gives it. */
  readonly name: string;
  /** Hosts that are of this kind where the configuration names none. */
  readonly hosts?: RegExp;
  /** Base URL of its metadata API, where that is not at the registry itself. */
  readonly metadataEndpoint?: string;
  /** Whether `since` shortens a listing, so that a full sweep is needed now and then. */
  readonly incremental: boolean;
  /** @throws UpstreamError; `missing` where this API is not to be had for the repository */
  list(request: ListRequest): Promise<Listing>;
}

export interface Page {
  readonly rows: readonly TagRow[];
  readonly next: URL | null;
}

export interface Walk {
  readonly first: URL;
  readonly kind: RequestKind;
  readonly scope: string;
  /** See `ClientRequest`; default: what the registry asks for. */
  readonly authorize?: 'asked' | 'basic' | 'nothing';
  /** Whether rows come newest first, so that `since` may end the walk. */
  readonly newestFirst: boolean;
  /** @throws UpstreamError `invalid` when the page is not of the expected shape */
  readonly parse: (page: Reply) => Page;
  /** Whether a 404 is an empty list (the registry knows no such repository) rather than a missing API. */
  readonly emptyWhenMissing: boolean;
}

/** Pages in a row without one new tag; a list that goes on after them leads nowhere. */
const maxBarrenPages = 1;

/** Follows the pages of one list within its bounds. */
export async function walkPages(request: ListRequest, walk: Walk): Promise<Listing> {
  const { bounds, since } = request;
  const rows = new Map<string, TagRow>();
  const visited = new Set<string>();
  let invalidTags = 0;
  let barrenPages = 0;
  let askedAt: number | null = null;
  let next: URL | null = walk.first;
  const ended = (end: ListingEnd): Listing => ({ rows, end, askedAt: askedAt ?? 0, invalidTags });

  while (next !== null) {
    if (visited.size >= bounds.maxPages) return ended('bounded');
    if (visited.has(next.href)) return ended('looping');
    visited.add(next.href);
    const reply = await fetchPage(request, walk, next);
    askedAt ??= reply.sentAt;
    if (reply.status === 404 && visited.size === 1) return ended('complete');
    const page = walk.parse(reply);
    const sizeBefore = rows.size;
    let caughtUp = false;
    for (const row of page.rows) {
      caughtUp ||= walk.newestFirst && since !== null && row.movedAt !== null && row.movedAt < since;
      if (!isTag(row.tag)) invalidTags += 1;
      else if (rows.size >= bounds.maxTags && !rows.has(row.tag)) return ended('bounded');
      // Newest first means that the first row of a tag is the valid one.
      else if (!rows.has(row.tag)) rows.set(row.tag, row);
    }
    next = page.next;
    // Rows of a page that was fetched anyway are taken: a short list is then complete at every look.
    if (next !== null && caughtUp) return ended('caught-up');
    barrenPages = rows.size === sizeBefore ? barrenPages + 1 : 0;
    if (next !== null && barrenPages > maxBarrenPages) return ended('looping');
  }
  return ended('complete');
}

async function fetchPage({ client, bounds }: ListRequest, walk: Walk, url: URL): Promise<Reply> {
  const reply = await client.send({
    kind: walk.kind,
    method: 'GET',
    url,
    scope: walk.scope,
    authorize: walk.authorize ?? 'asked',
    accept: 'application/json',
    maxBytes: bounds.maxPageBytes,
  });
  const { status } = reply;
  if (status === 200 || (status === 404 && walk.emptyWhenMissing && isUnknownName(reply))) return reply;
  throw new UpstreamError(
    status >= 400 && status < 500 ? 'missing' : 'invalid',
    `list tags at ${url.host}${url.pathname}: status ${status}, want 200`,
  );
}

/** distribution-spec, "Error Codes": the registry itself says that it has no such repository. */
function isUnknownName(reply: Reply): boolean {
  return /"code"\s*:\s*"(?:NAME_UNKNOWN|NOT_FOUND)"/.test(reply.body.toString('utf8', 0, 4096));
}

/** Parses a page's JSON. @throws UpstreamError `invalid` */
export function parsePage<T>(
  reply: Reply,
  schema: { safeParse(value: unknown): { readonly success: boolean; readonly data?: T | undefined } },
): T {
  let json: unknown;
  try {
    json = JSON.parse(reply.body.toString('utf8'));
  } catch (error) {
    throw notAsExpected(reply, error);
  }
  const parsed = schema.safeParse(json);
  if (parsed.data === undefined) throw notAsExpected(reply);
  return parsed.data;
}

function notAsExpected(reply: Reply, cause?: unknown): UpstreamError {
  return new UpstreamError(
    'invalid',
    `list tags at ${reply.url.host}${reply.url.pathname}: a body of another shape, want a list of tags`,
    cause,
  );
}

/** A registry's time: ISO 8601 text. Null where it makes no sense. */
export function parseTime(text: string | null | undefined): number | null {
  const time = text === null || text === undefined ? Number.NaN : Date.parse(text);
  return Number.isNaN(time) ? null : time;
}
