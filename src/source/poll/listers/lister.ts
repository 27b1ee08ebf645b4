/** How a registry lists its tags. A lister never decides that a tag changed or is gone: the look asks by HEAD first. */
import { z } from 'zod';
import { isTag } from '../../../event/reference.ts';
import { jsonOrNothing } from '../../../lib/json.ts';
import { pullScope } from '../../../upstream/manifest.ts';
import { valuesOf } from '../../../upstream/rate-limit.ts';
import type { RegistryClient, Reply } from '../../../upstream/registry-client.ts';
import { UpstreamError } from '../../../upstream/upstream-error.ts';

/** One tag of a list. */
export interface TagRow {
  readonly tag: string;
  /** Null: the list does not say. */
  readonly digest: string | null;
  /** When the tag last moved, ms since the epoch on the registry's clock; null: the list does not say. */
  readonly movedAt: number | null;
}

/** How a walk ended. Only after `complete` is a missing tag suspected gone. */
export type ListingEnd =
  | 'complete'
  /** Newest first, read down to what the last listing had seen. */
  | 'caught-up'
  /** One of our bounds was reached: the rows are right, but not complete. */
  | 'bounded'
  | 'looping';

/** What a walk found. */
export interface Listing {
  readonly rows: ReadonlyMap<string, TagRow>;
  readonly end: ListingEnd;
  /** When the first page was asked for, monotonic ms. */
  readonly askedAt: number;
  /** Rows dropped because their tag breaks the grammar. */
  readonly invalidTags: number;
  /** The registry has no such repository, or answers so once all its tags are gone: there are no rows. */
  readonly unknownName: boolean;
}

interface ListRequest {
  readonly client: RegistryClient;
  readonly repository: string;
  /**
   * Stop a newest-first walk at rows that moved before this, ms since the epoch (registry's clock); null: do not.
   */
  readonly since: number | null;
  readonly bounds: ListBounds;
}

/** How much of a list is read. */
export interface ListBounds {
  readonly maxTags: number;
  readonly maxPages: number;
  readonly maxPageBytes: number;
}

/** Beyond these, a list is read in part. */
export const listBounds: ListBounds = {
  maxTags: 50_000,
  maxPages: 1_000,
  maxPageBytes: 8 * 1024 * 1024,
};

const remedy = 'name the tags that matter in watch[].tags';

/** What is to be known of a list that was read in part, for `lastError`; null: nothing. */
export const listFaults: Readonly<Record<ListingEnd, string | null>> = {
  complete: null,
  'caught-up': null,
  bounded: `the list has more than ${listBounds.maxTags} tags or ${listBounds.maxPages} pages, and no more are looked at: ${remedy}`,
  looping: `the pages of the list repeat tags without end, and what is behind them is not seen: ${remedy}`,
};

/** How one kind of registry lists tags. To add one, write a file here and a line in `listers.ts`. */
export interface Lister {
  /** The name that `registries[].kind` gives it. */
  readonly name: string;
  /** Hosts that are of this kind if the configuration names none. */
  readonly hosts?: RegExp;
  /** Base URL of its metadata API, if that is not at the registry itself. */
  readonly metadataEndpoint?: string;
  /** Whether `since` shortens a listing; it then needs a full sweep now and then. */
  readonly incremental: boolean;
  /** @throws UpstreamError; `missing` if this API does not serve the repository */
  list(request: ListRequest): Promise<Listing>;
}

/** One page of a list. */
export interface Page {
  readonly rows: readonly TagRow[];
  readonly next: URL | null;
}

/** One walk through the pages of a list. */
export interface Walk {
  readonly first: URL;
  /**
   * `tags`: tags/list, of which a 404 means an empty list (no such repository). `metadata`: an API of the registry's
   * own, newest first, so that `since` may end the walk; a 404 means that it does not serve the repository.
   */
  readonly kind: 'tags' | 'metadata';
  /** Token scope; default: to pull. */
  readonly scope?: string;
  /** See `ClientRequest`; default `asked`. */
  readonly authorize?: 'asked' | 'basic' | 'nothing';
  /** @throws UpstreamError `invalid` if the page has another shape */
  readonly parse: (page: Reply, first: URL) => Page;
}

/** Pages in a row without one new tag; one more ends the walk as `looping`. */
const maxBarrenPages = 1;
/** The same of pages without any tag, which registries that filter behind their paging send. */
const maxEmptyPages = 10;

/** Reads a list page by page, within the bounds. @throws UpstreamError */
export async function walkPages(request: ListRequest, walk: Walk): Promise<Listing> {
  const { bounds, since } = request;
  const rows = new Map<string, TagRow>();
  const visited = new Set<string>();
  let invalidTags = 0;
  let barrenPages = 0;
  let askedAt: number | null = null;
  let next: URL | null = walk.first;
  const ended = (end: ListingEnd, unknownName = false): Listing => {
    return { rows, end, askedAt: askedAt ?? 0, invalidTags, unknownName };
  };

  while (next !== null) {
    if (visited.size >= bounds.maxPages) return ended('bounded');
    if (visited.has(next.href)) return ended('looping');
    visited.add(next.href);
    const reply = await fetchPage(request, walk, next);
    askedAt ??= reply.sentAt;
    if (reply.status === 404) return ended('complete', true);
    const page = walk.parse(reply, walk.first);
    const sizeBefore = rows.size;
    let caughtUp = false;
    for (const row of page.rows) {
      caughtUp ||= walk.kind === 'metadata' && since !== null && row.movedAt !== null && row.movedAt < since;
      if (!isTag(row.tag)) invalidTags += 1;
      else if (rows.size >= bounds.maxTags && !rows.has(row.tag)) return ended('bounded');
      // If rows come newest first, the first row of a tag is the valid one.
      else if (!rows.has(row.tag)) rows.set(row.tag, row);
    }
    next = page.next;
    // All rows of a fetched page count, so a short list is complete at every look.
    if (next !== null && caughtUp) return ended('caught-up');
    barrenPages = rows.size === sizeBefore ? barrenPages + 1 : 0;
    const most = page.rows.length === 0 ? maxEmptyPages : maxBarrenPages;
    if (next !== null && barrenPages > most) return ended('looping');
  }
  return ended('complete');
}

async function fetchPage({ client, repository, bounds }: ListRequest, walk: Walk, url: URL): Promise<Reply> {
  const reply = await client.send({
    kind: walk.kind,
    method: 'GET',
    url,
    scope: walk.scope ?? pullScope(repository),
    authorize: walk.authorize ?? 'asked',
    accept: 'application/json',
    maxBytes: bounds.maxPageBytes,
  });
  const { status } = reply;
  // Only of the first page: behind it, the repository is known, and what was read is not all of it.
  const mayBeUnknown = walk.kind === 'tags' && url === walk.first;
  if (status === 200 || (status === 404 && mayBeUnknown && isUnknownName(reply))) return reply;
  throw new UpstreamError(
    status >= 400 && status < 500 ? 'missing' : 'invalid',
    `list tags at ${url.host}${url.pathname}: status ${status}: must be 200`,
  );
}

/** distribution-spec, "Error Codes": the registry says that it has no such repository. */
function isUnknownName(reply: Reply): boolean {
  return /"code"\s*:\s*"(?:NAME_UNKNOWN|NOT_FOUND)"/.test(reply.body.toString('utf8', 0, 4096));
}

/**
 * Parses a page's JSON. An error that comes with status 200 is no list, whatever else the body has: an empty list would
 * mean that all tags are gone.
 *
 * @param schema must refuse a body that does not say its tags
 * @throws UpstreamError `invalid`
 */
export function parsePage<T>(reply: Reply, schema: z.ZodType<T>): T {
  const refuse = (found: string, cause?: unknown) => {
    const { host, pathname } = reply.url;
    return new UpstreamError(
      'invalid',
      `list tags at ${host}${pathname}: ${found}: must be a list of tags`,
      cause,
    );
  };
  const body = jsonOrNothing(reply.body.toString('utf8'));
  if (body === undefined) throw refuse('a body that is not JSON');
  if (errorBody.safeParse(body).success) throw refuse('an error with status 200');
  const page = schema.safeParse(body);
  if (!page.success) throw refuse('a body of another shape', page.error);
  return page.data;
}

/** distribution-spec, "Error Codes", and what others write instead. An empty list of errors is one too. */
const errorBody = z.union([z.object({ errors: z.json() }), z.object({ error: z.json() })]);

/** The next page by `Link`. @throws UpstreamError as `nextLink` */
export function linkOf(reply: Reply, first: URL): URL | null {
  // Several lines of one header are one list (RFC 9110, 5.3).
  const links = valuesOf(reply.headers, 'link').join(', ');
  // Resolve against the page, unless a redirect brought it from another origin.
  return nextLink(links, reply.url.origin === first.origin ? reply.url : first);
}

/** The next page of a list whose pages are counted by `page`, from 1. */
export function nextPage(page: URL): URL {
  const next = new URL(page);
  next.searchParams.set('page', String(Number(page.searchParams.get('page') ?? '1') + 1));
  return next;
}

/** Parses an ISO 8601 time to ms since the epoch; null if absent or malformed. */
export function parseTime(text: string | null | undefined): number | null {
  const time = text === null || text === undefined ? Number.NaN : Date.parse(text);
  return Number.isNaN(time) ? null : time;
}

const maxLinkLength = 8192;

/**
 * The target of `Link: <…>; rel="next"` (RFC 8288), resolved against `base`; null if there is none.
 *
 * @param header '': there is no such header
 * @throws UpstreamError `redirect` if it leads to another origin; `invalid` if it is too long to be read: without its
 *   next page, a part would pass for the whole list
 */
export function nextLink(header: string, base: URL): URL | null {
  if (header.length > maxLinkLength) {
    const need = `must be at most ${maxLinkLength}`;
    throw new UpstreamError('invalid', `follow Link: ${header.length} characters: ${need}`);
  }
  for (const part of header.split(/,(?=\s*<)/)) {
    const match = /^\s*<([^>]*)>(.*)$/s.exec(part);
    if (match?.[1] === undefined || !/;\s*rel="?(?:[a-z]+ )*next\b/i.test(match[2] ?? '')) continue;
    const target = URL.parse(match[1], base.href);
    if (target === null)
      throw new UpstreamError('redirect', 'follow Link: not a URL: must be a URL or a path');
    if (target.origin === base.origin) return target;
    // Registries behind a TLS proxy name themselves `http`: stay at the origin that was asked.
    if (target.host === base.host || target.hostname === base.hostname) {
      return new URL(target.pathname + target.search, base);
    }
    throw new UpstreamError('redirect', `follow Link: leads to ${target.host}: must lead to ${base.host}`);
  }
  return null;
}
