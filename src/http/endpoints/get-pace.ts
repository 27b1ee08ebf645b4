import { anyJson, type Endpoint } from '../endpoint.ts';

/** `GET /v1/pace`. */
export function getPace(pace: { describe(): object }): Endpoint {
  return {
    method: 'get',
    path: '/v1/pace',
    summary: 'Current pace',
    tag: 'operation',
    mayCall: 'admin',
    responses: { 200: { description: 'The pace', schema: anyJson } },
    handle: (_request, reply) => reply.send(pace.describe()),
  };
}
