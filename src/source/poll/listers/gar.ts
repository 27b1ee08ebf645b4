import { z } from 'zod';
import type { Reply } from '../../../upstream/registry-client.ts';
import { bareName, generic } from './generic.ts';
import { type Lister, linkOf, type Page, parsePage, type TagRow, walkPages } from './lister.ts';

const tags = z.array(z.string()).nullable();
const manifests = z.record(
  z.string(),
  z.object({ tag: z.array(z.string()).optional(), timeUploadedMs: z.string().optional() }),
);
/** As in `generic`: one of both must be there, or an error with status 200 would be an empty list. */
const pageSchema = z.union([
  z.object({ tags, manifest: manifests.optional() }),
  z.object({ tags: tags.optional(), manifest: manifests }),
  bareName,
]);

/** Google's registries add digests to tags/list: one request shows what moved; only that is asked for by HEAD. */
export const gar: Lister = {
  name: 'gar',
  hosts: /^(?:.+\.)?gcr\.io$|\.pkg\.dev$/,
  incremental: false,
  async list(request) {
    const first = new URL(`v2/${request.repository}/tags/list`, request.client.base);
    const listing = await walkPages(request, { first, kind: 'tags', parse: parseTags });
    // Without digests this is a plain list, which `generic` reads page by page.
    const plain = listing.rows.size > 0 && ![...listing.rows.values()].some((row) => row.digest !== null);
    return plain ? generic.list(request) : listing;
  },
};

function parseTags(reply: Reply, first: URL): Page {
  const page = parsePage(reply, pageSchema);
  const manifest = 'manifest' in page ? (page.manifest ?? {}) : {};
  const rows = new Map<string, TagRow>();
  for (const [digest, entry] of Object.entries(manifest)) {
    const uploaded = Number(entry.timeUploadedMs);
    const movedAt = entry.timeUploadedMs === undefined || Number.isNaN(uploaded) ? null : uploaded;
    for (const tag of entry.tag ?? []) rows.set(tag, { tag, digest, movedAt });
  }
  for (const tag of page.tags ?? []) if (!rows.has(tag)) rows.set(tag, { tag, digest: null, movedAt: null });
  return { rows: [...rows.values()], next: linkOf(reply, first) };
}
