import { z } from 'zod';
import { streamShape } from '../../transport/request.ts';
import type { Endpoint, Handler } from '../endpoint.ts';

/** `GET /v1/events`: the SSE stream. @param handle serves the requests that the front passed on */
export function events(handle: Handler): Endpoint {
  return {
    method: 'get',
    path: '/v1/events',
    summary: 'Changes as Server-Sent Events',
    tag: 'streams',
    mayCall: 'subscriber',
    query: z.strictObject(streamShape),
    headers: z.object({ 'Last-Event-ID': z.string().optional().describe('A position; wins over `after`') }),
    responses: {
      200: {
        description: 'The stream; PROTOCOL.md has its events',
        mediaType: 'text/event-stream',
        schema: z.string(),
      },
    },
    errors: ['PARAMETER_INVALID', 'DENIED', 'TOO_MANY_CONNECTIONS'],
    handle,
  };
}
