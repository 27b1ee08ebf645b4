import { z } from 'zod';
import { parseRepositoryText } from '../../event/repository-pattern.ts';
import { parseBody } from '../body.ts';
import type { Endpoint } from '../endpoint.ts';
import { paceSchema } from './get-pace.ts';

const bodySchema = z.strictObject({
  repository: z
    .string()
    .regex(/^[^\s@]{1,256}$/, { error: 'must be a repository or a glob of at most 256 characters' })
    .optional()
    .describe('Repositories (a glob) that it is for; absent: all'),
  deliveriesPerSecond: z.number().min(0.01).max(10_000_000).describe('Deliveries a second from now on'),
  forSeconds: z.number().min(1).max(86_400).optional().describe('How long; absent: until replaced'),
});

/** What paces deliveries; the hub's pacer fits. */
interface AdjustablePace {
  describe(): object;
  readonly rate: {
    /**
     * @param pattern canonical glob over repository keys; null: all
     * @param forMs null: until replaced
     * @throws TOO_MANY_REQUESTS when too many overrides are in force
     */
    override(pattern: string | null, deliveriesPerSecond: number, forMs: number | null): void;
  };
}

interface PutPaceOptions {
  /** Registry of a bare name. */
  readonly defaultRegistry: string;
  /** Name of the gateway that answers. */
  readonly gateway: string;
}

/** `PUT /v1/pace`: overrides the rate of all repositories or of some. */
export function putPace(pace: AdjustablePace, { defaultRegistry, gateway }: PutPaceOptions): Endpoint {
  return {
    method: 'put',
    path: '/v1/pace',
    summary: 'Override the rate for a while',
    tag: 'operation',
    mayCall: 'admin',
    body: { schema: bodySchema },
    responses: { 200: { description: 'The pace from now on', schema: paceSchema } },
    errors: ['PARAMETER_INVALID'],
    handle(request, reply) {
      const { repository, deliveriesPerSecond, forSeconds } = parsePaceChange(request.body);
      const pattern =
        repository === undefined ? null : parseRepositoryText(repository, { defaultRegistry }).canonical;
      pace.rate.override(pattern, deliveriesPerSecond, forSeconds === undefined ? null : forSeconds * 1000);
      return reply.send({ ...pace.describe(), gateway });
    },
  };
}

/** @throws PARAMETER_INVALID naming the member */
export function parsePaceChange(body: unknown): z.infer<typeof bodySchema> {
  return parseBody(bodySchema, body, 'set pace');
}
