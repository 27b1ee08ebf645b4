import { z } from 'zod';
import type { Reply } from '../../../upstream/registry-client.ts';
import { linkOf } from './generic.ts';
import { type Lister, type Page, parsePage, parseTime, walkPages } from './lister.ts';

const pageSchema = z.object({
  tags: z
    .array(
      z.object({
        name: z.string(),
        digest: z.string().nullable().optional(),
        lastUpdateTime: z.string().nullable().optional(),
      }),
    )
    .nullable()
    .optional(),
});

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
      newestFirst: true,
      emptyWhenMissing: false,
      parse: (reply) => parseTags(reply, first),
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
