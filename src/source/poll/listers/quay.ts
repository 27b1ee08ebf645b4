import { z } from 'zod';
import type { Reply } from '../../../upstream/registry-client.ts';
import { type Lister, nextPage, type Page, parsePage, walkPages } from './lister.ts';

const pageSchema = z.object({
  has_additional: z.boolean().optional(),
  tags: z.array(
    z.object({
      name: z.string(),
      manifest_digest: z.string().nullish(),
      /** Seconds since the epoch. */
      start_ts: z.number().nullish(),
    }),
  ),
});

const pageSize = 100;

/** Quay's tag API, newest first, without history. Anonymous: private repositories fall back to tags/list. */
export const quay: Lister = {
  name: 'quay',
  hosts: /^quay\.io$/,
  incremental: true,
  list(request) {
    const first = new URL(
      `api/v1/repository/${request.repository}/tag/?limit=${pageSize}&page=1&onlyActiveTags=true`,
      request.client.metadataBase,
    );
    return walkPages(request, { first, kind: 'metadata', authorize: 'nothing', parse: parseTags });
  },
};

function parseTags(reply: Reply): Page {
  const { tags, has_additional } = parsePage(reply, pageSchema);
  return {
    rows: tags.map((row) => ({
      tag: row.name,
      digest: row.manifest_digest ?? null,
      movedAt: typeof row.start_ts === 'number' ? row.start_ts * 1000 : null,
    })),
    next: has_additional === true ? nextPage(reply.url) : null,
  };
}
