import { z } from 'zod';
import { anyJson, type Endpoint } from '../endpoint.ts';

const tally = z.looseObject({
  accepted: z.number().describe('Events that name an image'),
  changes: z.number().describe('Changes that subscribers receive now'),
  pending: z.number().describe('Tags without digest: their changes follow when the registry was asked'),
  unchanged: z.number().describe('What was known already: repetitions, and tags that did not move'),
  ignored: z
    .record(z.string(), z.number())
    .describe('Other events by reason; `stale`: older than what is known'),
});

/** `POST /v1/hooks/NAME`. @param register adds a route for each configured hook */
export function postHook(register: Extract<Endpoint, { register: unknown }>['register']): Endpoint {
  return {
    method: 'post',
    path: '/v1/hooks/{name}',
    summary: "A registry's webhook",
    tag: 'sources',
    mayCall: 'sender',
    params: z.object({ name: z.string().describe('A configured webhook') }),
    body: {
      schema: anyJson,
      description: "What the hook's kind sends; for kind `manifeed`: reference, digest, …",
    },
    responses: {
      202: { description: 'Durably stored', schema: tally },
      200: { description: 'Understood; nothing to store', schema: tally },
    },
    errors: [
      'BODY_INVALID',
      'UNAUTHORIZED',
      'NOT_FOUND',
      'BODY_TOO_LARGE',
      'UNSUPPORTED_MEDIA_TYPE',
      'REQUEST_TIMEOUT',
      'UNAVAILABLE',
    ],
    register,
  };
}
