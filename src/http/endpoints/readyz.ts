import { anyJson, type Endpoint } from '../endpoint.ts';

/** @param checks asked in order; each rejects with the reason why the gateway should get no traffic */
export function readyz(checks: readonly { check(): unknown }[]): Endpoint {
  return {
    method: 'get',
    path: '/readyz',
    summary: 'The ledger can store and the gateway is not draining',
    tag: 'operation',
    mayCall: 'anyone',
    responses: { 200: { description: 'Ready', schema: anyJson } },
    errors: ['UNAVAILABLE', 'DRAINING'],
    answersHead: true,
    async handle(_request, reply) {
      for (const part of checks) await part.check();
      return reply.header('cache-control', 'no-store').send({ status: 'ready' });
    },
  };
}
