/** `GET /v1/hooks`: the last deliveries of each webhook, and the one that was kept to be looked at. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { invalidParameter, ManifeedError } from '../errors.ts';

export interface HookDeliveriesOptions {
  /** @throws UNAUTHORIZED or DENIED */
  readonly requireAdmin: (request: FastifyRequest) => void;
  readonly describeHooks: () => object;
  /** Null: none is kept, or there is no such hook. */
  readonly savedDelivery: (hook: string) => object | null;
}

export const hookDeliveriesQuery = z.object({
  saved: z
    .string()
    .optional()
    .describe(
      'A hook: answers the delivery that was kept of it, for `manifeed hooks test`, in place of the list',
    ),
});

export function registerHookDeliveries(app: FastifyInstance, options: HookDeliveriesOptions): void {
  app.get('/v1/hooks', (request, reply) => {
    options.requireAdmin(request);
    const query = hookDeliveriesQuery.safeParse(request.query);
    if (!query.success)
      throw invalidParameter('saved', 'read saved: given twice: must be the name of one hook');
    const { saved } = query.data;
    void reply.header('cache-control', 'no-store');
    if (saved === undefined) return reply.send(options.describeHooks());
    const delivery = options.savedDelivery(saved);
    if (delivery !== null) return reply.send({ savedDelivery: delivery });
    throw new ManifeedError(
      'NOT_FOUND',
      'find saved delivery: none of this hook: must be a hook that refused a delivery with the right credentials',
    );
  });
}
