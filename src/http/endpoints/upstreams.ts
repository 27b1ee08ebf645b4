import { anyJson, type Endpoint } from '../endpoint.ts';

/** `GET /v1/upstreams`: what the poller knows of each repository. */
export function upstreams(poller: { upstreams(): readonly object[] }): Endpoint {
  return {
    method: 'get',
    path: '/v1/upstreams',
    summary: 'State of each polled repository',
    tag: 'operation',
    mayCall: 'admin',
    responses: { 200: { description: 'By registry', schema: anyJson } },
    handle: (_request, reply) => reply.send({ upstreams: poller.upstreams() }),
  };
}
