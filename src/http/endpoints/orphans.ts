import { z } from 'zod';
import { invalidParameter } from '../../errors.ts';
import { tagStateToJson } from '../../event/encode.ts';
import { isTag, repositoryOfKey } from '../../event/reference.ts';
import { parseRepositoryName } from '../../event/repository-pattern.ts';
import { Cursors } from '../../reading/cursor.ts';
import { flag, parseCount } from '../../transport/parameters.ts';
import { type Endpoint, tagStateSchema } from '../endpoint.ts';
import { findOrphans, type Orphan, type Presences } from '../read/orphans.ts';
import { pageSchema, sendPage } from '../read/page.ts';
import { defaultRows, pageShape, type Reads } from '../read/reads.ts';

const querySchema = z.strictObject({
  repository: z.string().describe('One repository, `[host/]name`'),
  verify: flag.optional().describe('Asks the registry for the digest of each row, within its budget'),
  ...pageShape,
});

const placeSchema = z.string().refine(isTag);

const orphanSchema = tagStateSchema.extend({
  subject: z.string().describe('The digest that the tag stands for'),
});
const more = {
  certain: z
    .boolean()
    .describe('The registry said of each row of this page that it does not have the subject'),
  reason: z.string().nullable().describe('Why it is not certain'),
};

export interface OrphansOptions {
  /** Null: registries are not asked on behalf of clients (`facade.enabled`). */
  readonly presences: Presences | null;
  /** ms, never falls. */
  readonly monotonic: () => number;
}

/** `GET /v1/orphans`: signatures and the like whose image is gone. */
export function getOrphans(reads: Reads, { presences, monotonic }: OrphansOptions): Endpoint {
  return {
    method: 'get',
    path: '/v1/orphans',
    summary: 'Tags of signatures whose manifest is not known',
    description:
      'Tags `sha256-<hex>`, also with `.sig`, `.att` or `.sbom`, of which neither a tag nor a push nor a known index has the digest.',
    tag: 'index',
    mayCall: 'subscriber',
    answersHead: true,
    query: querySchema,
    responses: { 200: { description: 'By tag', schema: pageSchema('orphans', orphanSchema, more) } },
    errors: ['PARAMETER_INVALID', 'REGISTRY_UNKNOWN', 'DENIED', 'TOO_MANY_REQUESTS', 'UNAVAILABLE'],
    handle: (request, reply) =>
      reads.serve(request, reply, async (reading) => {
        const params = reads.query(request, querySchema);
        const key = parseRepositoryName(params.repository, reads.defaultRegistry, 'repository', 'name');
        reads.requireRepository(key, 'repository', reading.grant);
        const repository = repositoryOfKey(key);
        const verify = params.verify ?? false;
        if (verify) requireAskable(presences, repository.registry);
        const cursors = new Cursors(['orphans', key, verify], placeSchema);
        const { rows, next } = await findOrphans({ ledger: reads.ledger, monotonic }, reading, {
          ...{ repository, presences: verify ? presences : null },
          after: cursors.parse(params.cursor),
          n: parseCount(params.n) ?? defaultRows,
        });
        return sendPage(request, reply, {
          list: 'orphans',
          rows: rows.map(orphanToJson),
          next: next === null ? null : cursors.format(next),
          more: { certain: verify, reason: verify ? null : 'not-verified' },
        });
      }),
  };
}

function requireAskable(presences: Presences | null, registry: string): void {
  if (presences === null)
    throw invalidParameter('verify', 'verify orphans: not offered here: facade.enabled must be true');
  if (!presences.knows(registry))
    throw invalidParameter(
      'verify',
      `verify orphans: ${registry} can never be asked: it must be one of the configured registries`,
    );
}

function orphanToJson({ row, subject }: Orphan): string {
  return `${tagStateToJson(row).slice(0, -1)},"subject":${JSON.stringify(subject)}}`;
}
