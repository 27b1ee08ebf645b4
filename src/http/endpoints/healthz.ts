import { anyJson, type Endpoint } from '../endpoint.ts';

/** `GET /healthz`: the process is alive. */
export const healthz: Endpoint = {
  method: 'get',
  path: '/healthz',
  summary: 'The process answers',
  tag: 'operation',
  mayCall: 'anyone',
  responses: { 200: { description: 'Alive', schema: anyJson } },
  answersHead: true,
  handle: (_request, reply) => reply.header('cache-control', 'no-store').send({ status: 'ok' }),
};
