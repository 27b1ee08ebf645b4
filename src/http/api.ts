/** The HTTP API: one list of endpoints, from which both the routes and `/openapi.json` are made. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { authMessage, subscribeMessage, unsubscribeMessage } from '../transport/websocket/messages.ts';
import { type CallerGrant, type Endpoint, isRight, requireRight } from './endpoint.ts';
import { buildOpenApi } from './openapi.ts';
import { changeSchema } from './schemas.ts';

export interface ApiOptions {
  readonly version: string;
  readonly endpoints: readonly Endpoint[];
  /** The grant of the token that a request carries; null where it is not valid. */
  readonly grantOf: (request: FastifyRequest) => CallerGrant;
}

/** Serves the endpoints and, at `/openapi.json`, their description. */
export async function serveApi(server: FastifyInstance, options: ApiOptions): Promise<void> {
  for (const endpoint of options.endpoints) {
    if ('register' in endpoint) await endpoint.register(server);
    else serve(server, endpoint, options.grantOf);
  }
  const document = buildOpenApi({
    version: options.version,
    endpoints: options.endpoints,
    schemas: {
      Change: changeSchema,
      SubscribeMessage: subscribeMessage,
      UnsubscribeMessage: unsubscribeMessage,
      AuthMessage: authMessage,
    },
  });
  server.get('/openapi.json', (_request, reply) => reply.send(document));
}

function serve(
  server: FastifyInstance,
  { method, path, mayCall, handle, answersHead = false }: Extract<Endpoint, { handle: unknown }>,
  grantOf: ApiOptions['grantOf'],
): void {
  server.route({
    method,
    url: path,
    exposeHeadRoute: answersHead,
    // Not in a hook before the body: a body that is no JSON is refused first, whoever sent it.
    handler: isRight(mayCall)
      ? (request, reply) => {
          requireRight(mayCall, grantOf(request));
          return handle(request, reply);
        }
      : handle,
  });
}
