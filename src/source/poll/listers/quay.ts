import { z } from 'zod';
import { pullScope } from '../../../upstream/manifest.ts';
import type { Reply } from '../../../upstream/registry-client.ts';
import { type Lister, type Page, parsePage, walkPages } from './lister.ts';

const pageSchema = z.object({
  has_additional: z.boolean().optional(),
  tags: z.array(
    z.object({
      name: z.string(),
      manifest_digest: z.string().nullable().optional(),
      /** Seconds since the epoch. */
      start_ts: z.number().nullable().optional(),
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
    return walkPages(request, {
      first,
      kind: 'metadata',
      authorize: 'nothing',
      scope: pullScope(request.repository),
      newestFirst: true,
      emptyWhenMissing: false,
      parse: parseTags,
    });
  },
};

function parseTags(reply: Reply): Page {
  const { tags, has_additional } = parsePage(reply, pageSchema);
  const next = new URL(reply.url);
  next.searchParams.set('page', String(Number(reply.url.searchParams.get('page') ?? '1') + 1));
  return {
    rows: tags.map((row) => ({
      tag: row.name,
      digest: row.manifest_digest ?? null,
      movedAt: typeof row.start_ts === 'number' ? row.start_ts * 1000 : null,
    })),
    next: has_additional === true ? next : null,
  };
}
