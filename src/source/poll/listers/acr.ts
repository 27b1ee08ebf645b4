import { z } from 'zod';
import type { Reply } from '../../../upstream/registry-client.ts';
import { type Lister, linkOf, type Page, parsePage, parseTime, walkPages } from './lister.ts';

const tagSchema = z.object({
  name: z.string(),
  digest: z.string().nullish(),
  lastUpdateTime: z.string().nullish(),
});
/** `tags` must be there: an error with status 200 is no empty list. */
const pageSchema = z.object({ tags: z.array(tagSchema).nullable() });

const pageSize = 100;

/** Azure's own tag list, latest update first. Its token needs the scope `metadata_read` besides `pull`. */
export const acr: Lister = {
  name: 'acr',
  hosts: /\.azurecr\.io$/,
  incremental: true,
  list(request) {
    const first = new URL(
      `acr/v1/${request.repository}/_tags?orderby=timedesc&n=${pageSize}`,
      request.client.base,
    );
    return walkPages(request, {
      first,
      kind: 'metadata',
      scope: `repository:${request.repository}:pull,metadata_read`,
      parse: parseTags,
    });
  },
};

function parseTags(reply: Reply, first: URL): Page {
  const { tags } = parsePage(reply, pageSchema);
  return {
    rows: (tags ?? []).map((row) => ({
      tag: row.name,
      digest: row.digest ?? null,
      movedAt: parseTime(row.lastUpdateTime),
    })),
    next: linkOf(reply, first),
  };
}
