/** What an endpoint under `/v2` is given, and what it answers. It knows neither fastify nor tokens. */
import type { Grant } from '../event/grant.ts';
import type { RepositoryName } from '../event/reference.ts';
import type { Reading } from '../reading/reading.ts';
import type { Base, Prefix } from './names.ts';

/** What was asked, without the name. */
export interface RegistryRequest {
  readonly method: 'GET' | 'HEAD';
  /** As the client wrote it, without the query: for `Link`. */
  readonly path: string;
  /** Unknown parameters are ignored: clients add their own. */
  readonly query: URLSearchParams;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly base: Base;
  /** The part of the path that the endpoint's route leaves open, decoded, at most 512 characters; '': none. */
  readonly argument: string;
  readonly grant: Grant;
  /**
   * Counts the request among those that read many rows, or much, until its answer was sent; call it at most once, before
   * that. @throws ManifeedError if too many read
   */
  readonly enter: () => Reading;
  /** Counts it among those for one row, likewise; they are many more. @throws as `enter` */
  readonly ask: () => void;
}

/** Of one repository that is served and granted. */
export interface RepositoryRequest extends RegistryRequest {
  readonly repository: RepositoryName;
  /** The name as the client wrote it. */
  readonly name: string;
}

/** Of one repository. Null: not served here or not granted, which must be answered as unknown. */
export interface AnyRepositoryRequest extends RegistryRequest {
  readonly repository: RepositoryName | null;
  readonly name: string;
}

/** Of repositories in general. What is not granted must be left out and not counted. */
export interface PrefixRequest extends RegistryRequest {
  readonly within: Prefix;
}

/**
 * An answer. If it has an `etag`, a matching `If-None-Match` makes it a 304. To HEAD the body is not sent, but its
 * length is.
 */
export interface RegistryAnswer {
  /** Default 200. */
  readonly status?: number;
  /** Lower-case names. `content-length` only if there is no body: the length that GET would have. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

type Handle<Request> = (request: Request) => RegistryAnswer | Promise<RegistryAnswer>;

/**
 * An endpoint. `route`: its path components after the name; `*` is the argument. Handlers throw RegistryError or
 * ManifeedError.
 */
export type RegistryEndpoint = { readonly route: readonly string[] } & (
  | { readonly of: 'repository'; readonly handle: Handle<RepositoryRequest> }
  | { readonly of: 'any-repository'; readonly handle: Handle<AnyRepositoryRequest> }
  /** The name may be absent, or a prefix of names. */
  | { readonly of: 'prefix'; readonly handle: Handle<PrefixRequest> }
  | { readonly of: 'root'; readonly handle: Handle<RegistryRequest> }
);

/** An answer with a JSON body. */
export function json(value: unknown, headers: Readonly<Record<string, string>> = {}): RegistryAnswer {
  return { headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(value) };
}
