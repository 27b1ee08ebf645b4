import { z } from 'zod';
import type { Reply } from '../../../upstream/registry-client.ts';
import { type Lister, nextPage, type Page, parsePage, parseTime, walkPages } from './lister.ts';

const pageSchema = z.object({
  next: z.string().nullish(),
  results: z.array(
    z.object({
      name: z.string(),
      last_updated: z.string().nullish(),
      tag_last_pushed: z.string().nullish(),
      digest: z.string().nullish(),
    }),
  ),
});

const pageSize = 100;

/** Docker Hub's tag API, latest update first. Anonymous: private repositories fall back to tags/list. */
export const dockerHub: Lister = {
  name: 'docker-hub',
  hosts: /^docker\.io$/,
  metadataEndpoint: 'https://hub.docker.com',
  incremental: true,
  list(request) {
    const first = new URL(
      `v2/repositories/${request.repository}/tags?page_size=${pageSize}&ordering=last_updated`,
      request.client.metadataBase,
    );
    return walkPages(request, { first, kind: 'metadata', authorize: 'nothing', parse: parseTags });
  },
};

function parseTags(reply: Reply, first: URL): Page {
  const { next, results } = parsePage(reply, pageSchema);
  const more = typeof next === 'string' && next !== '';
  return {
    rows: results.map((row) => ({
      tag: row.name,
      digest: row.digest ?? null,
      movedAt: parseTime(row.last_updated ?? row.tag_last_pushed),
    })),
    // `next` names the public host even behind a proxy, so pages are counted instead.
    next: more ? nextPage(reply.url.searchParams.has('page') ? reply.url : first) : null,
  };
}
