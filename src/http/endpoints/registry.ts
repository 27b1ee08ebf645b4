/** The registry read API (`src/registry`) on fastify. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Readers } from '../../reading/readers.ts';
import { matchesTag, type RegistryApi, versionHeader } from '../../registry/api.ts';
import type { RegistryAnswer } from '../../registry/endpoint.ts';
import type { Admission } from '../../transport/admission.ts';
import { header, splitTarget, tokenOrPasswordOf } from '../../transport/head.ts';
import type { Endpoint } from '../endpoint.ts';
import { readerOf } from '../read/reader.ts';

export interface RegistryParts {
  readonly api: RegistryApi;
  /** `check` throws DRAINING; `authorise` UNAUTHORIZED if the token is not valid. */
  readonly admission: Pick<Admission, 'authorise'> & { check(): void };
  readonly readers: Readers;
}

/** One route for all: names hold slashes, so paths are taken apart in `src/registry/routes.ts`. */
const urls = ['/v2', '/v2/', '/v2/*', '/:host/v2', '/:host/v2/', '/:host/v2/*'];

/** `GET` and `HEAD /v2/…`: the registry read API. */
export function registry(parts: RegistryParts): Endpoint {
  const handler = (request: FastifyRequest, reply: FastifyReply) => serve(parts, request, reply);
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
  { api, admission, readers }: RegistryParts,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { method, url, headers } = request;
  const { path, query } = splitTarget(url);
  const place = api.place(path);
  if (place === null) {
    reply.callNotFound();
    return reply;
  }
  admission.check();
  const grant = admission.authorise(tokenOrPasswordOf({ headers, query }));
  const reader = readerOf(request, reply, grant);
  const answer = await api.answer({
    ...{ ...place, path, headers, grant, query: new URLSearchParams(query) },
    method: method === 'HEAD' ? 'HEAD' : 'GET',
    enter: () => readers.enter(reader),
    ask: () => readers.ask(reader),
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
