import { z } from 'zod';
import { Cursors } from '../../reading/cursor.ts';
import { splitTarget } from '../../transport/head.ts';
import { parseCount, parseQuery } from '../../transport/parameters.ts';
import type { Endpoint } from '../endpoint.ts';
import { pageSchema, sendPage } from '../read/page.ts';
import { defaultRows, pageShape } from '../read/reads.ts';

const querySchema = z.strictObject(pageShape);

/** The row of the table after which a page begins. */
const cursors = new Cursors(['subscribers'], z.int().min(0).max(100_000_000));

const time = z.string().nullable();

const subscriberSchema = z.looseObject({
  number: z.number().describe('Rises with each connection'),
  transport: z.string(),
  format: z.string(),
  address: z.string(),
  token: z.string().nullable().describe('Name of its token; null: this gateway asks for none'),
  state: z.enum(['live', 'behind', 'closed']),
  paced: z.boolean(),
  conflate: z.boolean(),
  connectedAt: z.string(),
  position: z.string().nullable().describe('Everything at or before it was delivered'),
  lag: z.number().describe('Positions between that and the newest change'),
  heldUntil: time.describe('When what the pace holds back for it is out, if the rate stays'),
  blockedSince: time.describe('Since when its socket takes nothing'),
  subscriptions: z
    .array(
      z.looseObject({
        id: z.string(),
        repository: z.array(z.string()),
        tag: z.array(z.string()),
        type: z.array(z.string()),
        platform: z.array(z.string()),
        more: z.number().describe('Values that are not shown: of each list the first 20 are'),
      }),
    )
    .describe('The first 20'),
  moreSubscriptions: z.number(),
});

/** The connected subscribers; the hub's list fits. */
interface Subscribers {
  /** @param after the row after which the page begins; -1: from the first */
  page(
    after: number,
    n: number,
    isCancelled: () => boolean,
  ): Promise<{ readonly rows: readonly object[]; readonly next: number | null }>;
}

/** `GET /v1/subscribers`: who is connected to this gateway, and how far each one is. */
export function getSubscribers(subscribers: Subscribers, gateway: string): Endpoint {
  return {
    method: 'get',
    path: '/v1/subscribers',
    summary: 'Subscribers of this gateway',
    tag: 'operation',
    mayCall: 'admin',
    query: querySchema,
    responses: {
      200: {
        description: 'In no order that means anything; one that stays is on exactly one page',
        schema: pageSchema('subscribers', subscriberSchema, { gateway: z.string() }),
      },
    },
    errors: ['PARAMETER_INVALID'],
    async handle(request, reply) {
      const { n, cursor } = parseQuery(new URLSearchParams(splitTarget(request.url).query), querySchema);
      const after = cursors.parse(cursor) ?? -1;
      const isCancelled = () => request.raw.socket.destroyed;
      const { rows, next } = await subscribers.page(after, parseCount(n) ?? defaultRows, isCancelled);
      return sendPage(request, reply, {
        list: 'subscribers',
        rows: rows.map((row) => JSON.stringify(row)),
        next: next === null ? null : cursors.format(next),
        more: { gateway },
      });
    },
  };
}
