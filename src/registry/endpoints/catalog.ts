import { json, type RegistryEndpoint } from '../endpoint.ts';
import { nameUnknown } from '../errors.ts';
import type { ReadParts } from '../lists/parts.ts';
import { readRepositoryNames } from '../lists/repository-names.ts';

/** `GET /v2/_catalog`: the list of repositories of Docker Registry, which the distribution-spec only reserves. */
export function catalog(parts: ReadParts): RegistryEndpoint {
  return {
    of: 'root',
    route: ['_catalog'],
    async handle(request) {
      const { registry } = request.base;
      if (registry !== null && !parts.serves(registry)) throw nameUnknown('');
      const within = { registry, prefix: null, hostInName: registry === null };
      const { names, headers } = await readRepositoryNames(parts, request, within);
      return json({ repositories: names }, headers);
    },
  };
}
