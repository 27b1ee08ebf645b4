import type { RegistryAnswer, RegistryEndpoint, RepositoryRequest } from '../endpoint.ts';
import { prefers } from '../lists/accept.ts';
import { listDescribed } from '../lists/described.ts';
import { indexType } from '../lists/descriptors.ts';
import { listForGoogle } from '../lists/google.ts';
import { choiceOf } from '../lists/parameters.ts';
import type { ListParts } from '../lists/parts.ts';
import { listPlain } from '../lists/plain.ts';
import type { Tally } from '../tally.ts';

/** `GET /v2/<name>/tags/list`: names only, or what the client asks for by `Accept` or `manifest`. */
export function tagsList(parts: ListParts): RegistryEndpoint {
  return {
    of: 'repository',
    route: ['tags', 'list'],
    async handle(request) {
      const answer = await parts.tallies.count((tally) => list(parts, request, tally));
      return { ...answer, headers: { ...answer.headers, vary: 'Accept' } };
    },
  };
}

async function list(parts: ListParts, request: RepositoryRequest, tally: Tally): Promise<RegistryAnswer> {
  if (choiceOf(request.query, 'manifest', ['true', 'false']) === 'true')
    return listForGoogle(parts, request, tally);
  if (prefers(request.headers.accept, indexType, 'application/json'))
    return listDescribed(parts, request, tally);
  return listPlain(parts, request, tally);
}
