import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { isRepository, isTag } from '../../event/reference.ts';
import { Cursors } from '../../reading/cursor.ts';
import type { Reading } from '../../reading/reading.ts';
import { parseCount } from '../../transport/parameters.ts';
import type { Endpoint } from '../endpoint.ts';
import { type DiffPage, diff } from '../read/diff/diff.ts';
import { type DiffPlace, parseSide, requireComparable, type Side } from '../read/diff/side.ts';
import type { SideRow } from '../read/diff/side-rows.ts';
import { timeBefore } from '../read/listings.ts';
import { nextPage } from '../read/page.ts';
import { defaultRows, filterShape, pageShape, type Reads } from '../read/reads.ts';

const side = z.string().describe('`[host/]name`; or with a slash behind it a prefix: every repository below');

const querySchema = z.strictObject({
  left: side,
  right: side,
  tag: filterShape.tag,
  n: z.string().optional().describe('Most differences in one answer, 1–1,000. Default 100'),
  cursor: pageShape.cursor,
});

const placeSchema: z.ZodType<DiffPlace> = z.strictObject({
  path: z.string().refine((path) => path === '' || isRepository(path)),
  tag: z.string().refine(isTag),
});

const sideSchema = z.looseObject({
  name: z.string().describe('In canonical form; `repository` of a row follows it'),
  listedAt: z
    .string()
    .nullable()
    .describe('When its lists were read, the oldest of them; null: one never was, or that is not known'),
});
const rowShape = {
  repository: z
    .string()
    .describe('What follows the name of the side; empty if two repositories are compared'),
  tag: z.string(),
};
const onlySchema = z.array(z.looseObject({ ...rowShape, digest: z.string().nullable() }));

const answerSchema = z.looseObject({
  certain: z.boolean().describe('Both sides are known whole, as of `listedAt`, as far as this page goes'),
  reason: z.string().nullable().describe('Why it is not certain'),
  left: sideSchema,
  right: sideSchema,
  equal: z.number().describe('Tags of this page that are the same on both sides'),
  different: z.array(
    z.looseObject({ ...rowShape, left: z.string().nullable(), right: z.string().nullable() }),
  ),
  onlyLeft: onlySchema,
  onlyRight: onlySchema,
  next: z.string().nullable().describe('For the next page; null: this is the last one'),
});

/** `GET /v1/diff`: what two repositories, or two mirrors, differ in. @param now ms since the epoch */
export function getDiff(reads: Reads, now: () => number): Endpoint {
  return {
    method: 'get',
    path: '/v1/diff',
    summary: 'The differences between two repositories or mirrors',
    description: 'With `left=docker.io/&right=mirror.example.com/`: whole registries.',
    tag: 'index',
    mayCall: 'subscriber',
    answersHead: true,
    query: querySchema,
    responses: { 200: { description: 'Differences by repository and tag', schema: answerSchema } },
    errors: ['PARAMETER_INVALID', 'REGISTRY_UNKNOWN', 'DENIED', 'TOO_MANY_REQUESTS', 'UNAVAILABLE'],
    handle: (request, reply) =>
      reads.serve(request, reply, async (reading) => {
        const params = reads.query(request, querySchema);
        const left = readSide(reads, reading, 'left', params.left);
        const right = readSide(reads, reading, 'right', params.right);
        requireComparable(left, right);
        const filter = reads.filter({ tag: params.tag }, reading.grant);
        const cursors = new Cursors(['diff', left.name, right.name, filter.key], placeSchema);
        const page = await diff(reads.ledger, reading, {
          ...{ left, right, filter },
          after: cursors.parse(params.cursor),
          n: parseCount(params.n) ?? defaultRows,
        });
        const next = page.next === null ? null : cursors.format(page.next);
        return send(request, reply, next, {
          ...{ certain: page.reason === null, reason: page.reason },
          left: { name: left.name, listedAt: timeBefore(now(), page.leftAgeMs) },
          right: { name: right.name, listedAt: timeBefore(now(), page.rightAgeMs) },
          ...rowsOf(page),
          next,
        });
      }),
  };
}

function readSide(reads: Reads, reading: Reading, parameter: 'left' | 'right', text: string): Side {
  const side = parseSide(text, parameter, reads.defaultRegistry);
  // Below a prefix, what is not granted is left out.
  if (side.kind === 'repository') reads.requireRepository(side.name, parameter, reading.grant);
  return side;
}

function rowsOf({ equal, different, onlyLeft, onlyRight }: DiffPage) {
  const only = ({ path, tag, digest }: SideRow) => ({ repository: path, tag, digest });
  return {
    equal,
    different: different.map(({ path, tag, left, right }) => ({ repository: path, tag, left, right })),
    onlyLeft: onlyLeft.map(only),
    onlyRight: onlyRight.map(only),
  };
}

function send(request: FastifyRequest, reply: FastifyReply, next: string | null, body: object): FastifyReply {
  if (next !== null) reply.header('link', nextPage(request.url, 'cursor', next));
  return reply.header('cache-control', 'no-store').send(body);
}
