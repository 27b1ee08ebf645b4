/** The endpoints for operators: health, metrics, openapi, pace, upstreams and the deliveries of hooks. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { invalidParameter, ManifeedError } from '../errors.ts';
import { checkSchema, formatFaultPath } from '../lib/schema-faults.ts';
import { type HookDeliveriesOptions, registerHookDeliveries } from './hook-deliveries.ts';
import type { PrometheusMetrics } from './metrics.ts';

export interface RouteOptions extends HookDeliveriesOptions {
  readonly metrics: PrometheusMetrics;
  /** Rejects with the reason when the gateway should get no traffic. */
  readonly ready: () => Promise<void>;
  readonly openApi: object;
  /** @throws UNAUTHORIZED or DENIED */
  readonly requireMetrics: (request: FastifyRequest) => void;
  readonly describePace: () => object;
  readonly setPace: (change: PaceChange) => void;
  readonly upstreams: () => object;
}

export const paceChangeSchema = z.strictObject({
  repository: z
    .string()
    .regex(/^[^\s@]{1,256}$/, { error: 'must be a repository or a glob of at most 256 characters' })
    .optional()
    .describe('Repositories (a glob) that it is for; absent: all'),
  deliveriesPerSecond: z.number().min(0.01).max(10_000_000).describe('Deliveries a second from now on'),
  forSeconds: z.number().min(1).max(86_400).optional().describe('How long; absent: until replaced'),
});
export type PaceChange = z.infer<typeof paceChangeSchema>;

export function registerRoutes(app: FastifyInstance, options: RouteOptions): void {
  // Balancers probe with HEAD too.
  const health = { exposeHeadRoute: true };
  app.get('/healthz', health, (_request, reply) =>
    reply.header('cache-control', 'no-store').send({ status: 'ok' }),
  );
  app.get('/readyz', health, async (_request, reply) => {
    await options.ready();
    return reply.header('cache-control', 'no-store').send({ status: 'ready' });
  });
  app.get('/metrics', async (request, reply) => {
    options.requireMetrics(request);
    const text = await options.metrics.text();
    return reply.type(options.metrics.contentType).send(text);
  });
  app.get('/openapi.json', (_request, reply) => reply.send(options.openApi));
  app.get('/v1/pace', (request, reply) => {
    options.requireAdmin(request);
    return reply.send(options.describePace());
  });
  app.put('/v1/pace', (request, reply) => {
    options.requireAdmin(request);
    options.setPace(parsePaceChange(request.body));
    return reply.send(options.describePace());
  });
  app.get('/v1/upstreams', (request, reply) => {
    options.requireAdmin(request);
    return reply.send(options.upstreams());
  });
  registerHookDeliveries(app, options);
}

/** @throws PARAMETER_INVALID naming the member */
export function parsePaceChange(body: unknown): PaceChange {
  const result = checkSchema(paceChangeSchema, body);
  if (result.ok) return result.data;
  const [{ path, found, rule }] = result.faults;
  const parameter = formatFaultPath(path).slice(0, 100) || 'body';
  throw invalidParameter(parameter, `set pace: ${parameter}: ${found}: ${rule}`);
}

/** Requires a grant that may administer. */
export function requireAdmin(grant: { readonly admin: boolean } | null): void {
  if (grant === null) throw new ManifeedError('UNAUTHORIZED', 'authorise: a token is required');
  if (!grant.admin) throw new ManifeedError('DENIED', 'authorise: this token may not administer');
}

/** Requires a grant that may see the metrics: they name repositories. */
export function requireMetrics(grant: { readonly metrics: boolean } | null): void {
  if (grant === null) throw new ManifeedError('UNAUTHORIZED', 'authorise: a token is required');
  if (!grant.metrics) throw new ManifeedError('DENIED', 'authorise: this token may not see the metrics');
}
