import { z } from 'zod';
import { invalidParameter } from '../../errors.ts';
import { type Digest, parseDigest } from '../../event/digest.ts';
import { tagStateToJson } from '../../event/encode.ts';
import type { Filter } from '../../event/filter.ts';
import { Cursors } from '../../reading/cursor.ts';
import { parseCount, quote } from '../../transport/parameters.ts';
import { type Endpoint, tagStateSchema } from '../endpoint.ts';
import { pageSchema, sendPage } from '../read/page.ts';
import { defaultRows, filterShape, pageShape, type Reads } from '../read/reads.ts';
import { listTags, type TagSort, tagPlaceSchema, tagSorts } from '../read/tag-list.ts';

const querySchema = z.strictObject({
  repository: filterShape.repository,
  tag: filterShape.tag,
  digest: z.string().optional().describe('Only tags that point at this digest, in every repository'),
  sort: z
    .enum(tagSorts)
    .default('name')
    .describe('`name`; `updated`: by the last move; `semver`: by version, of one repository'),
  order: z.enum(['asc', 'desc']).default('asc').describe('Ascending, or its exact reverse'),
  ...pageShape,
});

/** `GET /v1/tags`: what tags point at now. */
export function getTags(reads: Reads): Endpoint {
  return {
    method: 'get',
    path: '/v1/tags',
    summary: 'What tags point at now',
    description: 'With `tag=semver:^1.27&sort=semver&order=desc&n=1`: the newest tag in a range.',
    tag: 'index',
    mayCall: 'subscriber',
    answersHead: true,
    query: querySchema,
    responses: { 200: { description: 'Present tags', schema: pageSchema('tags', tagStateSchema) } },
    errors: ['PARAMETER_INVALID', 'REGISTRY_UNKNOWN', 'DENIED', 'TOO_MANY_REQUESTS', 'UNAVAILABLE'],
    handle: (request, reply) =>
      reads.serve(request, reply, async (reading) => {
        const params = reads.query(request, querySchema);
        const { sort, order } = params;
        const filter = reads.filter(params, reading.grant);
        const digest = readDigest(params.digest);
        requireOneRepository(sort, filter);
        const cursors = new Cursors(['tags', filter.key, digest, sort, order], tagPlaceSchema);
        const { rows, next } = await listTags(reads.ledger, reading, {
          ...{ filter, digest, sort, order },
          after: cursors.parse(params.cursor),
          n: parseCount(params.n) ?? defaultRows,
        });
        return sendPage(request, reply, {
          list: 'tags',
          rows: rows.map(tagStateToJson),
          next: next === null ? null : cursors.format(next),
        });
      }),
  };
}

function readDigest(text: string | undefined): Digest | null {
  if (text === undefined) return null;
  const digest = parseDigest(text);
  if (digest !== null) return digest;
  throw invalidParameter('digest', `digest: ${quote(text)}: must be sha256:<64 hex> or sha512:<128 hex>`);
}

/** Versions of different repositories do not compare. */
function requireOneRepository(sort: TagSort, { repositories, patterns }: Filter): void {
  if (sort !== 'semver' || (repositories.length === 1 && patterns.length === 0)) return;
  throw invalidParameter('sort', 'sort tags by semver: must name exactly one repository, without wildcards');
}
