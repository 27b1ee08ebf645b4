import { z } from 'zod';
import type { Reply } from '../../../upstream/registry-client.ts';
import { type Lister, linkOf, type Page, parsePage, walkPages } from './lister.ts';

// Distribution answers `"tags": null` if all tags were deleted. Tags that are not strings are dropped one by one.
const tagsSchema = z.object({ tags: z.array(z.unknown()).nullable() });
/** Some leave `tags` out if there are none. With any other member it may be an error with status 200, as Node writes it. */
export const bareName = z.strictObject({ name: z.string() }).transform(() => ({ tags: null }));
const pageSchema = z.union([tagsSchema, bareName]);

/** Most registries cap `n` at 1,000, and some ignore it. */
const pageSize = 1_000;

/** `GET /v2/<name>/tags/list` (distribution-spec, "Listing Tags"): all tags, lexical, without digests. */
export const generic: Lister = {
  name: 'generic',
  incremental: false,
  list(request) {
    const first = new URL(`v2/${request.repository}/tags/list?n=${pageSize}`, request.client.base);
    return walkPages(request, { first, kind: 'tags', parse: parseTags });
  },
};

function parseTags(reply: Reply, first: URL): Page {
  const tags = parsePage(reply, pageSchema).tags ?? [];
  const names = tags.map((tag) => (typeof tag === 'string' ? tag : ''));
  return { rows: names.map((tag) => ({ tag, digest: null, movedAt: null })), next: linkOf(reply, first) };
}
