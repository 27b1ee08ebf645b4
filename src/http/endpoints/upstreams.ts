import { anyJson, type Endpoint } from '../endpoint.ts';

/** `GET /v1/upstreams`: what the poller knows of each repository. @param gateway name of the one that answers */
export function upstreams(poller: { upstreams(): readonly object[] }, gateway: string): Endpoint {
  return {
    method: 'get',
    path: '/v1/upstreams',
    summary: 'State of each polled repository',
    tag: 'operation',
    mayCall: 'admin',
    responses: { 200: { description: 'By registry', schema: anyJson } },
    handle: (_request, reply) => reply.send({ upstreams: poller.upstreams(), gateway }),
  };
}
