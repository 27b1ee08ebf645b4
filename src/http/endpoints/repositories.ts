import { z } from 'zod';
import { changeToJson } from '../../event/encode.ts';
import { type RepositoryName, repositoryKey } from '../../event/reference.ts';
import type { LedgerQueries, RepositoryState } from '../../ledger/queries.ts';
import { Cursors } from '../../reading/cursor.ts';
import { collectPage, type Reading } from '../../reading/reading.ts';
import { parseCount } from '../../transport/parameters.ts';
import { changeSchema, type Endpoint } from '../endpoint.ts';
import { timeBefore } from '../read/listings.ts';
import { pageSchema, sendPage } from '../read/page.ts';
import { type Prefix, parsePrefix } from '../read/prefix.ts';
import { defaultRows, pageShape, type Reads } from '../read/reads.ts';
import { withinOf } from '../read/within.ts';

const querySchema = z.strictObject({
  prefix: z
    .string()
    .optional()
    .describe('A host, or a repository with all below it; whole path segments. Absent: all'),
  ...pageShape,
});

const placeSchema: z.ZodType<RepositoryName> = z.strictObject({
  registry: z.string().max(255),
  repository: z.string().max(255),
});

const listed = z.looseObject({
  wholeAt: z.string().nullable().describe('When its whole list was last read'),
  readAt: z.string().nullable().describe('When its list was last read whole, or down to what was known'),
});

const repositorySchema = z.looseObject({
  registry: z.string(),
  repository: z.string(),
  tags: z.number().describe('Present tags'),
  polled: z.boolean().describe('False: known by webhooks only'),
  listed: listed.nullable().describe('Null: its list was never read whole, so tags may be missing here'),
  lastChange: changeSchema.nullable(),
});

/** `GET /v1/repositories`: the known repositories. @param now ms since the epoch */
export function getRepositories(reads: Reads, now: () => number): Endpoint {
  return {
    method: 'get',
    path: '/v1/repositories',
    summary: 'Known repositories',
    tag: 'index',
    mayCall: 'subscriber',
    answersHead: true,
    query: querySchema,
    responses: {
      200: { description: 'By name', schema: pageSchema('repositories', repositorySchema) },
    },
    errors: ['PARAMETER_INVALID', 'TOO_MANY_REQUESTS', 'UNAVAILABLE'],
    handle: (request, reply) =>
      reads.serve(request, reply, async (reading) => {
        const params = reads.query(request, querySchema);
        const prefix =
          params.prefix === undefined ? everything : parsePrefix(params.prefix, reads.defaultRegistry);
        const cursors = new Cursors(['repositories', prefix.patterns], placeSchema);
        const { rows, next } = await readPage(reads.ledger, reading, {
          prefix,
          after: cursors.parse(params.cursor),
          n: parseCount(params.n) ?? defaultRows,
        });
        return sendPage(request, reply, {
          list: 'repositories',
          rows: rows.map((row) => repositoryToJson(row, now())),
          next: next === null ? null : cursors.format(next),
        });
      }),
  };
}

const everything: Prefix = { repositories: [], patterns: ['**'], holds: () => true };

async function readPage(
  ledger: Pick<LedgerQueries, 'listRepositories'>,
  reading: Reading,
  { prefix, after, n }: { prefix: Prefix; after: RepositoryName | undefined; n: number },
) {
  const within = withinOf(prefix, reading.grant);
  if (within !== undefined && 'repositories' in within && within.repositories.length === 0)
    return { rows: [], next: null };
  const allows = (row: RepositoryName) => reading.grant.allows(repositoryKey(row));
  return collectPage<RepositoryState, RepositoryName>(
    reading,
    {
      async read(from, limit) {
        const { repositories, next, looked } = await ledger.listRepositories({
          ...(within !== undefined && { within }),
          ...(from !== undefined && { after: from }),
          limit,
        });
        return { rows: repositories, next, looked };
      },
      placeOf: ({ registry, repository }) => ({ registry, repository }),
      judge: (row) => (allows(row) ? (prefix.holds(repositoryKey(row)) ? 'wanted' : 'other') : 'hidden'),
      mayTell: allows,
    },
    { after, n, narrowedBy: 'prefix' },
  );
}

function repositoryToJson(row: RepositoryState, now: number): string {
  const { registry, repository, tags, polled, listed, lastChange } = row;
  const times = listed && {
    wholeAt: timeBefore(now, listed.wholeAgeMs),
    readAt: timeBefore(now, listed.readAgeMs),
  };
  const head = JSON.stringify({ registry, repository, tags, polled, listed: times });
  return `${head.slice(0, -1)},"lastChange":${lastChange === null ? 'null' : changeToJson(lastChange)}}`;
}
