/** The registry read API under `/v2`: finds the endpoint and the repository of a request, and finishes its answer. */
import type { Grant } from '../event/grant.ts';
import { repositoryKey } from '../event/reference.ts';
import type { RegistryAnswer, RegistryEndpoint, RegistryRequest } from './endpoint.ts';
import { nameUnknown, notServed } from './errors.ts';
import type { Names } from './names.ts';
import { type Routed, route } from './routes.ts';

/** A path of this API. */
export interface Place {
  /** The path component before `/v2`; null: none. */
  readonly before: string | null;
  /** After `/v2/`, as the client wrote it; '': the base itself. */
  readonly rest: string;
}

/** A request as it came, with a grant. */
export interface IncomingRead extends Place {
  readonly method: 'GET' | 'HEAD';
  /** Path without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: RegistryRequest['headers'];
  readonly grant: Grant;
  readonly enter: RegistryRequest['enter'];
  readonly ask: RegistryRequest['ask'];
}

/** distribution-spec, "Legacy Docker support HTTP headers". */
export const versionHeader = { 'docker-distribution-api-version': 'registry/2.0' } as const;

export class RegistryApi {
  readonly #names: Names;
  readonly #endpoints: readonly RegistryEndpoint[];

  constructor(names: Names, endpoints: readonly RegistryEndpoint[]) {
    this.#names = names;
    this.#endpoints = endpoints;
  }

  /** @param path without the query. @returns null: it is not served by this API, but `/v2/updates` for example */
  place(path: string): Place | null {
    const [whole, before = null, rest = ''] = /^(?:\/([^/]+))?\/v2(?:\/(.*))?$/s.exec(path) ?? [];
    if (whole === undefined || (before === null && rest === 'updates')) return null;
    return before === null || this.#names.isHost(before) ? { before, rest } : null;
  }

  /** @throws RegistryError, or ManifeedError of other parts */
  async answer(incoming: IncomingRead): Promise<RegistryAnswer> {
    const routed = route(this.#endpoints, incoming.rest);
    if (routed === null) throw notServed('serve request: no such endpoint here');
    const { method, path, query, headers, grant, enter, ask } = incoming;
    const base = this.#names.base(incoming.before, query);
    const { argument } = routed;
    const request = { method, path, query, headers, grant, enter, ask, base, argument };
    const answer = await this.#handle(routed, request);
    if (base.namespace === null) return answer;
    return { ...answer, headers: { ...answer.headers, 'oci-namespace': base.namespace } };
  }

  #handle({ endpoint, name: components }: Routed, request: RegistryRequest) {
    const name = components.join('/');
    switch (endpoint.of) {
      case 'root':
        return endpoint.handle(request);
      case 'prefix': {
        const within = this.#names.prefix(request.base, components);
        if (within === null) throw nameUnknown(name);
        return endpoint.handle({ ...request, within });
      }
      case 'any-repository':
        return endpoint.handle({ ...request, name, repository: this.#granted(components, request) });
      case 'repository': {
        const repository = this.#granted(components, request);
        if (repository === null) throw nameUnknown(name);
        return endpoint.handle({ ...request, name, repository });
      }
    }
  }

  #granted(components: readonly string[], { base, grant }: RegistryRequest) {
    const repository = this.#names.repository(base, components);
    return repository !== null && grant.allows(repositoryKey(repository)) ? repository : null;
  }
}

/** Whether an `If-None-Match` (RFC 9110, 13.1.2) names the tag. A weak one counts: nothing is changed here. */
export function matchesTag(condition: string | undefined, etag: string): boolean {
  if (condition === undefined) return false;
  if (condition.trim() === '*') return true;
  return condition.split(',').some((each) => each.trim().replace(/^W\//, '') === etag);
}
