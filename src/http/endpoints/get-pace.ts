import { anyJson, type Endpoint } from '../endpoint.ts';

/** `GET /v1/pace`. @param gateway name of the gateway that answers: overrides hold for it alone */
export function getPace(pace: { describe(): object }, gateway: string): Endpoint {
  return {
    method: 'get',
    path: '/v1/pace',
    summary: 'Current pace',
    tag: 'operation',
    mayCall: 'admin',
    responses: { 200: { description: 'The pace', schema: anyJson } },
    handle: (_request, reply) => reply.send({ ...pace.describe(), gateway }),
  };
}
