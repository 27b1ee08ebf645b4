/** `GET /ui/`: the dashboard, a page that asks the other endpoints. Its files hold no data, so anyone may have them. */
import type { FastifyInstance, FastifyReply } from 'fastify';
import { ManifeedError } from '../../errors.ts';
import { accepts } from '../dashboard/accepts.ts';
import { asksAgain, lasts, safetyHeaders, sendFile, varyBy } from '../dashboard/answer.ts';
import type { Dashboard } from '../dashboard/files.ts';
import type { Endpoint, Handler } from '../endpoint.ts';

/** @param dashboard the files; if it is not built, `/ui/` says what to do */
export function dashboard(dashboard: Dashboard): Endpoint {
  return {
    method: 'get',
    path: '/ui/',
    summary: 'The dashboard, a page for browsers',
    description:
      'HEAD too. Its files are below `/ui/assets/`. `/ui` leads here, and so does `/` for who accepts `text/html`.',
    tag: 'operation',
    mayCall: 'anyone',
    responses: {
      200: {
        description: 'The page. It holds no data: it asks the other endpoints with the token of its user',
      },
      304: { description: 'Not modified' },
    },
    errors: ['NOT_FOUND'],
    register: (server) => register(server, dashboard),
  };
}

function register(server: FastifyInstance, dashboard: Dashboard): void {
  // A route for each file: what no route has is not found, however its path is written.
  const serve = (url: string, handler: Handler) =>
    server.route({ method: 'GET', url, exposeHeadRoute: true, handler });
  serve('/', ({ method, headers }, reply) => {
    varyBy(reply, 'Accept');
    if (accepts(headers.accept, 'text/html')) return leadToPage(reply);
    throw new ManifeedError('NOT_FOUND', `No endpoint ${method} /. The list is at /openapi.json`);
  });
  serve('/ui', (_request, reply) => leadToPage(reply));
  if ('missing' in dashboard) {
    serve('/ui/', () => {
      const need = 'run "npm run build" in its folder, then start the gateway again';
      throw new ManifeedError('NOT_FOUND', `serve dashboard: it is not built here: ${need}`);
    });
    return;
  }
  serve('/ui/', (request, reply) => sendFile(request, reply, dashboard.page, asksAgain));
  for (const [name, file] of dashboard.assets)
    serve(`/ui/assets/${name}`, (request, reply) => sendFile(request, reply, file, lasts));
}

/** Relative, as everything here: a proxy may serve the gateway below a path of its own. */
function leadToPage(reply: FastifyReply): FastifyReply {
  return reply.headers(safetyHeaders).redirect('ui/');
}
