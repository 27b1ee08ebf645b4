import { z } from 'zod';
import { invalidParameter } from '../../errors.ts';
import { changeToJson } from '../../event/encode.ts';
import { formatPosition, type Position, parsePosition } from '../../event/position.ts';
import { parseCount, quote } from '../../transport/parameters.ts';
import { changeSchema, type Endpoint } from '../endpoint.ts';
import { readChanges } from '../read/changes.ts';
import { pageSchema, sendPage } from '../read/page.ts';
import { defaultRows, filterShape, pageShape, type Reads } from '../read/reads.ts';

const querySchema = z.strictObject({
  ...filterShape,
  before: z.string().optional().describe('A position: only changes before it'),
  n: pageShape.n,
});

const more = { floor: z.string().describe('Changes up to this position are no longer kept') };

/** `GET /v1/changes`: past changes, newest first. */
export function getChanges(reads: Reads): Endpoint {
  return {
    method: 'get',
    path: '/v1/changes',
    summary: 'Past changes, newest first',
    tag: 'index',
    mayCall: 'subscriber',
    answersHead: true,
    query: querySchema,
    responses: {
      200: {
        description: '`next` is the `before` of the next page',
        schema: pageSchema('changes', changeSchema, more),
      },
    },
    errors: [
      ...(['PARAMETER_INVALID', 'REGISTRY_UNKNOWN', 'DENIED', 'POSITION_GONE'] as const),
      ...(['TOO_MANY_REQUESTS', 'UNAVAILABLE'] as const),
    ],
    handle: (request, reply) =>
      reads.serve(request, reply, async (reading) => {
        const params = reads.query(request, querySchema);
        const { changes, next, bounds } = await readChanges(reads.ledger, reading, {
          filter: reads.filter(params, reading.grant),
          before: readBefore(params.before),
          n: parseCount(params.n) ?? defaultRows,
        });
        return sendPage(request, reply, {
          list: 'changes',
          rows: changes.map(changeToJson),
          next: next === null ? null : formatPosition(next.epoch, next.sequence),
          parameter: 'before',
          more: { floor: formatPosition(bounds.epoch, bounds.floor) },
        });
      }),
  };
}

function readBefore(text: string | undefined): Position | undefined {
  if (text === undefined) return undefined;
  const position = parsePosition(text);
  if (position !== null) return position;
  throw invalidParameter('before', `before: ${quote(text)}: must be <epoch>-<sequence>`);
}
