import { z } from 'zod';
import type { Grant } from '../../event/grant.ts';
import type { Admission } from '../../transport/admission.ts';
import { requestTokenOf } from '../../transport/head.ts';
import type { Endpoint } from '../endpoint.ts';

const accessSchema = z.looseObject({
  name: z.string().nullable().describe("The token's name; null: this gateway asks for no token"),
  repositories: z
    .array(z.string())
    .describe('Repositories and globs that it may subscribe to, at most 1,000'),
  admin: z.boolean().describe('May change the pace, and see hooks and upstreams'),
  metrics: z.boolean().describe('May read `/metrics`'),
  unpaced: z.boolean().describe('May ask for `pace=none`'),
  defaultRegistry: z.string().describe('The host of names without one'),
  gateway: z.string().describe('Name of the gateway that answers'),
});

/** What the answer tells of the gateway itself. */
type OfGateway = Readonly<{ gateway: string; defaultRegistry: string }>;

/** `GET /v1/access`: what the token of the request may do. It tells no secret, and nothing of other tokens. */
export function getAccess(admission: Pick<Admission, 'authorise'>, ofGateway: OfGateway): Endpoint {
  return {
    method: 'get',
    path: '/v1/access',
    summary: 'What this token may do',
    tag: 'operation',
    mayCall: 'subscriber',
    responses: { 200: { description: 'Its name and rights', schema: accessSchema } },
    errors: ['UNAUTHORIZED'],
    handle(request, reply) {
      const access = { ...describe(admission.authorise(requestTokenOf(request))), ...ofGateway };
      return reply.header('cache-control', 'no-store').send(access);
    },
  };
}

function describe({ owner, patterns, admin, metrics, unpaced }: Grant) {
  // The configuration bounds how many a token may have.
  return { name: owner, repositories: [...patterns], admin, metrics, unpaced };
}
