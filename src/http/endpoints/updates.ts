import { z } from 'zod';
import { longPollSchema } from '../../transport/long-poll.ts';
import { changeSchema, type Endpoint, type Handler } from '../endpoint.ts';

/** `GET /v2/updates`: the long-poll of opencontainers/distribution-spec#575. */
export function updates(handle: Handler): Endpoint {
  return {
    method: 'get',
    path: '/v2/updates',
    summary: 'Changes by long-poll (opencontainers/distribution-spec#575)',
    tag: 'streams',
    mayCall: 'subscriber',
    query: longPollSchema,
    responses: {
      200: {
        description: 'Changes, oldest first; `Link: …; rel="next"` goes on',
        schema: z.array(changeSchema),
      },
    },
    errors: ['PARAMETER_INVALID', 'DENIED', 'POSITION_GONE', 'TOO_MANY_CONNECTIONS', 'UNAVAILABLE'],
    handle,
  };
}
