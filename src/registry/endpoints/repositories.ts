import { json, type RegistryEndpoint } from '../endpoint.ts';
import type { ReadParts } from '../lists/parts.ts';
import { readRepositoryNames } from '../lists/repository-names.ts';

/** `GET /v2/[<prefix>/]_oci/repositories` (distribution-spec#611): the repository of that name, and all below it. */
export function repositories(parts: ReadParts): RegistryEndpoint {
  return {
    of: 'prefix',
    route: ['_oci', 'repositories'],
    async handle(request) {
      const { names, headers } = await readRepositoryNames(parts, request, request.within);
      return json(
        names.map((name) => ({ name })),
        headers,
      );
    },
  };
}
