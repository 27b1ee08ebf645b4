/** The HTTP API: one list of endpoints, from which both the routes and `/openapi.json` are made. */
import type { FastifyInstance } from 'fastify';
import { requestTokenOf } from '../transport/head.ts';
import { authMessage, subscribeMessage, unsubscribeMessage } from '../transport/websocket/messages.ts';
import { type CallerGrant, changeSchema, type Endpoint, isRight, requireRight } from './endpoint.ts';
import { buildOpenApi } from './openapi.ts';

interface ApiOptions {
  readonly version: string;
  readonly endpoints: readonly Endpoint[];
  /** @returns null: the token is not valid */
  readonly authorise: (token: string | null) => CallerGrant;
}

/** Serves the endpoints and, at `/openapi.json`, their description. */
export async function serveApi(server: FastifyInstance, options: ApiOptions): Promise<void> {
  for (const endpoint of options.endpoints) {
    if ('register' in endpoint) await endpoint.register(server);
    else serve(server, endpoint, options.authorise);
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
  authorise: ApiOptions['authorise'],
): void {
  server.route({
    method,
    // `{name}` of OpenAPI is `:name` of the router.
    url: path.replace(/\{([a-z]+)\}/g, ':$1'),
    exposeHeadRoute: answersHead,
    // Not in a hook before the body: invalid JSON is refused first, with any token.
    handler: isRight(mayCall)
      ? (request, reply) => {
          requireRight(mayCall, authorise(requestTokenOf(request)));
          return handle(request, reply);
        }
      : handle,
  });
}
