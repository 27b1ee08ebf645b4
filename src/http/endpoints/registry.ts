/** The registry read API (`src/registry`) on fastify. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { ManifeedError } from '../../errors.ts';
import type { Grant } from '../../event/grant.ts';
import { matchesTag, type RegistryApi, versionHeader } from '../../registry/api.ts';
import type { RegistryAnswer } from '../../registry/endpoint.ts';
import { header, splitTarget, tokenOrPasswordOf } from '../../transport/head.ts';
import type { Endpoint } from '../endpoint.ts';

/** The grant of a token; null: not valid. */
type Authorise = (token: string | null) => Grant | null;

/** One route for all: names hold slashes, so paths are taken apart in `src/registry/routes.ts`. */
const urls = ['/v2', '/v2/', '/v2/*', '/:host/v2', '/:host/v2/', '/:host/v2/*'];

/** `GET` and `HEAD /v2/…`: the registry read API. */
export function registry(api: RegistryApi, authorise: Authorise): Endpoint {
  const handler = (request: FastifyRequest, reply: FastifyReply) => serve(api, authorise, request, reply);
  return {
    method: 'get',
    path: '/v2/{path}',
    summary: 'The registry read API (OCI distribution-spec): manifests and lists of tags',
    description: 'HEAD too, and below `/HOST/v2/`. Errors have the codes of the OCI distribution-spec.',
    tag: 'registry',
    mayCall: 'subscriber',
    params: z.object({ path: z.string().describe('As the distribution-spec has it, with slashes') }),
    query: z.object({ ns: z.string().optional().describe('Host of the registry that the name is of') }),
    responses: { 200: { description: 'The manifest, or the list' }, 304: { description: 'Not modified' } },
    register(server: FastifyInstance) {
      for (const url of urls) server.route({ method: ['GET', 'HEAD'], url, handler });
    },
  };
}

async function serve(
  api: RegistryApi,
  authorise: Authorise,
  { method, url, headers }: FastifyRequest,
  reply: FastifyReply,
) {
  const { path, query } = splitTarget(url);
  const place = api.place(path);
  if (place === null) return reply.callNotFound();
  const grant = authorise(tokenOrPasswordOf({ headers, query }));
  if (grant === null) throw new ManifeedError('UNAUTHORIZED', 'authorise: a token is needed, as password');
  const answer = await api.answer({
    ...{ ...place, path, headers, grant, query: new URLSearchParams(query) },
    method: method === 'HEAD' ? 'HEAD' : 'GET',
  });
  return send(answer, method, header({ headers }, 'if-none-match'), reply);
}

function send(
  { status = 200, headers, body }: RegistryAnswer,
  method: string,
  known: string | undefined,
  reply: FastifyReply,
) {
  // What an answer varies by is added: CORS says that it varies by the origin.
  const vary = [reply.getHeader('vary'), headers.vary].flat().filter((each) => each !== undefined);
  void reply.headers({
    ...{ ...versionHeader, ...headers },
    ...(vary.length === 0 ? {} : { vary: vary.join(', ') }),
  });
  const { etag } = headers;
  if (status === 200 && etag !== undefined && matchesTag(known, etag)) {
    reply.removeHeader('content-length');
    return reply.code(304).send();
  }
  reply.code(status);
  // As bytes: fastify adds a charset to the type of a string, and clients compare the type.
  if (method !== 'HEAD') return reply.send(typeof body === 'string' ? Buffer.from(body) : body);
  if (body !== undefined) reply.header('content-length', String(Buffer.byteLength(body)));
  return reply.send();
}
