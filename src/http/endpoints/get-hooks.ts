import { z } from 'zod';
import { ManifeedError } from '../../errors.ts';
import { Cursors } from '../../reading/cursor.ts';
import { splitTarget } from '../../transport/head.ts';
import { parseCount, parseQuery } from '../../transport/parameters.ts';
import type { Endpoint } from '../endpoint.ts';
import { pageSchema, sendPage } from '../read/page.ts';
import { defaultRows, pageShape } from '../read/reads.ts';

const querySchema = z.strictObject({
  saved: z
    .string()
    .optional()
    .describe(
      'A hook: answers the delivery that was kept of it, for `manifeed hooks test`, in place of the list',
    ),
  hook: z.string().optional().describe('The name of a hook: the list has only this one, or nothing'),
  ...pageShape,
});

const delivery = z.looseObject({
  at: z.string(),
  address: z.string(),
  status: z.number(),
  result: z.string(),
  code: z.string().nullable(),
  reason: z.string().nullable(),
  bytes: z.number(),
});

/** The members of a hook that `GET /v1/status` has too. */
export const hookSummary = {
  name: z.string(),
  kind: z.string(),
  counts: z.looseObject({ accepted: z.number(), refused: z.number(), unverified: z.number() }),
  lastDelivery: z.string().nullable().describe('When one was last accepted; null: not since the start'),
  lastRefusal: z
    .looseObject({ at: z.string(), address: z.string(), code: z.string(), reason: z.string() })
    .nullable(),
};

const hook = z.looseObject({
  ...hookSummary,
  url: z.string().describe('Path of the hook; a `pathToken` is `***`'),
  registry: z.string().nullable(),
  deliveries: z.array(delivery).describe('The last ones, newest first'),
  unverified: z.array(delivery).describe('The last refusals of senders who proved nothing'),
  savedDelivery: z.looseObject({ at: z.string(), bytes: z.number(), url: z.string() }).nullable(),
});

const page = pageSchema('hooks', hook, {
  unknownNames: z.looseObject({
    count: z.number(),
    last: z.looseObject({ at: z.string(), address: z.string() }).nullable(),
  }),
  gateway: z.string().describe('Name of the gateway that answers'),
});

/** The name of the hook before the page. */
const cursors = new Cursors(['hooks'], z.string().max(200));

/** What is remembered of each webhook's last deliveries; `DeliveryLog` fits. */
export interface Deliveries {
  describe(
    after: string | null,
    most: number,
    only: string | null,
  ): { readonly hooks: readonly object[]; readonly next: string | null; readonly unknownNames: object };
  /** The delivery that was kept of a hook; null: none, or no such hook. */
  saved(hook: string): object | null;
}

/** `GET /v1/hooks`: the last deliveries of each webhook of this gateway, or the one that was kept of a hook. */
export function getHooks(deliveries: Deliveries, gateway: string): Endpoint {
  return {
    method: 'get',
    path: '/v1/hooks',
    summary: 'The last deliveries of each webhook',
    tag: 'operation',
    mayCall: 'admin',
    query: querySchema,
    responses: { 200: { description: 'By hook; with `saved` one delivery', schema: page } },
    errors: ['PARAMETER_INVALID', 'NOT_FOUND'],
    handle(request, reply) {
      const {
        saved,
        hook: only = null,
        n,
        cursor,
      } = parseQuery(new URLSearchParams(splitTarget(request.url).query), querySchema);
      if (saved !== undefined)
        return reply.header('cache-control', 'no-store').send(savedOf(deliveries, saved));
      const after = cursors.parse(cursor) ?? null;
      const { hooks, next, unknownNames } = deliveries.describe(after, parseCount(n) ?? defaultRows, only);
      return sendPage(request, reply, {
        list: 'hooks',
        rows: hooks.map((each) => JSON.stringify(each)),
        next: next === null ? null : cursors.format(next),
        more: { unknownNames, gateway },
      });
    },
  };
}

function savedOf(deliveries: Deliveries, hook: string): object {
  const savedDelivery = deliveries.saved(hook);
  if (savedDelivery !== null) return { savedDelivery };
  throw new ManifeedError(
    'NOT_FOUND',
    'find saved delivery: none of this hook: must be a hook that refused a delivery with the right credentials',
  );
}
