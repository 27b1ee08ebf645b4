import { z } from 'zod';
import type { Reply } from '../../../upstream/registry-client.ts';
import { UpstreamError } from '../../../upstream/upstream-error.ts';
import { type Lister, linkOf, type Page, parsePage, parseTime, walkPages } from './lister.ts';

const time = z.string().nullish();
const tags = z.array(z.object({ name: z.string(), push_time: time })).nullish();
const pageSchema = z.array(z.object({ digest: z.string(), push_time: time, tags }));

const pageSize = 100;

/** Harbor's artifacts, newest push first. Only a full sweep finds a tag that moved to an older artifact. */
export const harbor: Lister = {
  name: 'harbor',
  incremental: true,
  async list(request) {
    const slash = request.repository.indexOf('/');
    if (slash === -1) {
      const what = `list tags of ${request.repository}: no project: must be project/repository`;
      throw new UpstreamError('missing', what);
    }
    const project = request.repository.slice(0, slash);
    // Slashes are encoded twice, because Harbor's front end decodes once.
    const name = encodeURIComponent(encodeURIComponent(request.repository.slice(slash + 1)));
    const first = new URL(
      `api/v2.0/projects/${project}/repositories/${name}/artifacts` +
        `?page=1&page_size=${pageSize}&sort=-push_time&with_tag=true`,
      request.client.metadataBase,
    );
    return walkPages(request, { first, kind: 'metadata', authorize: 'basic', parse: parseArtifacts });
  },
};

function parseArtifacts(reply: Reply, first: URL): Page {
  const rows = parsePage(reply, pageSchema).flatMap((artifact) =>
    (artifact.tags ?? []).map((tag) => ({
      tag: tag.name,
      digest: artifact.digest,
      // The list is ordered by the artifacts' push times, so these may end the walk.
      movedAt: parseTime(artifact.push_time ?? tag.push_time),
    })),
  );
  return { rows, next: linkOf(reply, first) };
}
