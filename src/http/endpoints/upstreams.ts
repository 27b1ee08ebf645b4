import { z } from 'zod';
import { canonicalRegistry } from '../../event/reference.ts';
import { splitTarget } from '../../transport/head.ts';
import { parseCount, parseQuery } from '../../transport/parameters.ts';
import type { Endpoint } from '../endpoint.ts';

const querySchema = z.strictObject({
  registry: z
    .string()
    .max(255)
    .optional()
    .describe('Only this one, in any spelling of its host. Absent: all'),
  n: z.string().optional().describe('Repositories listed of each registry, 0–1,000. Default 1,000'),
});

const time = z.string().nullable();

const upstreamSchema = z.looseObject({
  registry: z.string(),
  requestsPerSecond: z.number().describe('The configured budget'),
  breaker: z.enum(['closed', 'open', 'probing']),
  backoffMs: z.number().describe('Nothing is asked for this long'),
  total: z.number().describe('Repositories that are polled'),
  due: z.number().describe('Of these, how many wait for their look now'),
  failing: z.number().describe('Of these, of how many the last look failed'),
  repositories: z
    .array(
      z.looseObject({
        repository: z.string(),
        watched: z.boolean().describe('False: only subscribers ask for it'),
        scopes: z.array(z.string()).describe('Tags and globs'),
        lastLook: time,
        lastSeen: time.describe('The last look that saw everything it wanted to'),
        nextLook: time,
        intervalMs: z.number(),
        failures: z.number().describe('In a row'),
        lastError: z.string().nullable(),
      }),
    )
    .describe('Those whose last look failed come first'),
});

/** What the poller tells. */
interface PollReports {
  upstreams(wanted: { limit?: number | undefined; only?: string | undefined }): readonly object[];
}

/** `GET /v1/upstreams`: what the poller knows of each repository. @param gateway name of the one that answers */
export function upstreams(poller: PollReports, gateway: string): Endpoint {
  return {
    method: 'get',
    path: '/v1/upstreams',
    summary: 'State of each polled repository',
    tag: 'operation',
    mayCall: 'admin',
    query: querySchema,
    responses: {
      200: {
        description: 'By registry',
        schema: z.looseObject({ upstreams: z.array(upstreamSchema), gateway: z.string() }),
      },
    },
    errors: ['PARAMETER_INVALID'],
    handle(request, reply) {
      const { registry, n } = parseQuery(new URLSearchParams(splitTarget(request.url).query), querySchema);
      const upstreams = poller.upstreams({
        limit: parseCount(n, 0),
        only: registry && (canonicalRegistry(registry) ?? registry),
      });
      return reply.header('cache-control', 'no-store').send({ upstreams, gateway });
    },
  };
}
