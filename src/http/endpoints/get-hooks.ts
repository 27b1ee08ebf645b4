import { z } from 'zod';
import { invalidParameter, ManifeedError } from '../../errors.ts';
import type { Endpoint } from '../endpoint.ts';

const querySchema = z.object({
  saved: z
    .string()
    .optional()
    .describe(
      'A hook: answers the delivery that was kept of it, for `manifeed hooks test`, in place of the list',
    ),
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

const answer = z.looseObject({
  hooks: z.array(
    z.looseObject({
      name: z.string(),
      kind: z.string(),
      url: z.string(),
      registry: z.string().nullable(),
      counts: z.looseObject({ accepted: z.number(), refused: z.number(), unverified: z.number() }),
      deliveries: z.array(delivery).describe('The last ones, newest first'),
      unverified: z.array(delivery).describe('The last refusals of senders who proved nothing'),
      savedDelivery: z.looseObject({ at: z.string(), bytes: z.number(), url: z.string() }).nullable(),
    }),
  ),
});

/** What is remembered of each webhook's last deliveries; `DeliveryLog` fits. */
export interface Deliveries {
  describe(): object;
  /** The delivery that was kept of a hook; null: none, or no such hook. */
  saved(hook: string): object | null;
}

/** `GET /v1/hooks`: the last deliveries of each webhook, or the one that was kept of a hook. */
export function getHooks(deliveries: Deliveries): Endpoint {
  return {
    method: 'get',
    path: '/v1/hooks',
    summary: 'The last deliveries of each webhook',
    tag: 'operation',
    mayCall: 'admin',
    query: querySchema,
    responses: { 200: { description: 'By hook; with `saved` one delivery', schema: answer } },
    errors: ['PARAMETER_INVALID', 'NOT_FOUND'],
    handle(request, reply) {
      const query = querySchema.safeParse(request.query);
      if (!query.success)
        throw invalidParameter('saved', 'read saved: given twice: must be the name of one hook');
      const { saved } = query.data;
      void reply.header('cache-control', 'no-store');
      if (saved === undefined) return reply.send(deliveries.describe());
      const savedDelivery = deliveries.saved(saved);
      if (savedDelivery !== null) return reply.send({ savedDelivery });
      throw new ManifeedError(
        'NOT_FOUND',
        'find saved delivery: none of this hook: must be a hook that refused a delivery with the right credentials',
      );
    },
  };
}
