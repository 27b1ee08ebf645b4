import { z } from 'zod';
import { nextLink } from '../../../upstream/link.ts';
import { pullScope } from '../../../upstream/manifest.ts';
import { headerOf } from '../../../upstream/rate-limit.ts';
import type { Reply } from '../../../upstream/registry-client.ts';
import { UpstreamError } from '../../../upstream/upstream-error.ts';
import { type Lister, type Page, parsePage, walkPages } from './lister.ts';

// Distribution answers `"tags": null` if all tags were deleted. Tags that are not strings are dropped one by one.
const pageSchema = z.object({ tags: z.array(z.unknown()).nullable().optional() });

/** Most registries cap `n` at 1,000, and some ignore it. */
const pageSize = 1_000;

/** `GET /v2/<name>/tags/list` (distribution-spec, "Listing Tags"): all tags, lexical, without digests. */
export const generic: Lister = {
  name: 'generic',
  incremental: false,
  list(request) {
    const first = new URL(`v2/${request.repository}/tags/list?n=${pageSize}`, request.client.base);
    return walkPages(request, {
      first,
      kind: 'tags',
      scope: pullScope(request.repository),
      newestFirst: false,
      emptyWhenMissing: true,
      parse: (reply) => parseTags(reply, first),
    });
  },
};

function parseTags(reply: Reply, first: URL): Page {
  const { tags } = parsePage(reply, pageSchema);
  return {
    rows: (tags ?? []).map((tag) => ({
      tag: typeof tag === 'string' ? tag : '',
      digest: null,
      movedAt: null,
    })),
    next: linkOf(reply, first),
  };
}

/** The next page by `Link`. @throws UpstreamError `redirect` if it leads to another origin */
export function linkOf(reply: Reply, first: URL): URL | null {
  try {
    // Resolve against the page, unless a redirect brought it from another origin.
    return nextLink(headerOf(reply.headers, 'link'), reply.url.origin === first.origin ? reply.url : first);
  } catch (error) {
    throw new UpstreamError('redirect', error instanceof Error ? error.message : 'follow Link', error);
  }
}
