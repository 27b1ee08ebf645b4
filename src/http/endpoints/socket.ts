import type { FastifyInstance } from 'fastify';
import type { Endpoint } from '../endpoint.ts';

/** `GET /v1/socket`: the WebSocket. @param register adds its route */
export function socket(register: (server: FastifyInstance) => unknown): Endpoint {
  return {
    method: 'get',
    path: '/v1/socket',
    summary: 'Changes over WebSocket, subprotocol manifeed.v1',
    description:
      'After the handshake the client sends the messages whose schemas are below; PROTOCOL.md has the rest.',
    tag: 'streams',
    mayCall: 'subscriber',
    responses: { 101: { description: 'Switching protocols' } },
    errors: ['PARAMETER_INVALID', 'DENIED', 'TOO_MANY_CONNECTIONS'],
    register,
  };
}
