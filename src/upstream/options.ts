/** How fast a registry may be asked. */
export interface RequestLimits {
  /** Requests to this registry, by all gateways together, > 0. */
  readonly requestsPerSecond: number;
  /** Requests under way at once, from this gateway, ≥ 1. */
  readonly concurrency: number;
  /** Requests that are always left of the quota that the registry tells (`ratelimit-remaining`); default 10. */
  readonly reserve?: number | undefined;
}

/** What the client of one registry is told; the configuration's values fit it. */
export interface UpstreamOptions {
  /** Canonical host, with its port where it has one. */
  readonly host: string;
  /** Plain HTTP to the registry and its token service; without it not one byte goes out unencrypted. */
  readonly plainHttp?: boolean | undefined;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** Certificates to trust besides the system's, PEM. */
  readonly ca?: string | undefined;
  /** Accept any certificate. Logged at every start. */
  readonly insecureSkipVerify?: boolean | undefined;
  /** Base URL of the registry's API; default: `https://<host>`, for docker.io its `registry-1.docker.io`. */
  readonly endpoint?: string | undefined;
  /** Base URL of the metadata API of a Docker Hub, Quay or Harbor; default: as the kind has it. */
  readonly metadataEndpoint?: string | undefined;
  /**
   * Host and port of the token service: then no other realm is asked. Default: the registry's own host and port, or
   * any public address.
   */
  readonly tokenService?: string | undefined;
  /** Follow redirects into private networks; default false. Realms are not redirects: see `tokenService`. */
  readonly allowPrivateRedirects?: boolean | undefined;
  readonly poll: RequestLimits;
}

/** Base URL of the registry's own API, without a trailing slash. */
export function registryEndpoint(options: UpstreamOptions): string {
  if (options.endpoint !== undefined) return options.endpoint.replace(/\/+$/, '');
  // The name in references is not the name of the service.
  const host = options.host === 'docker.io' ? 'registry-1.docker.io' : options.host;
  return `${options.plainHttp === true ? 'http' : 'https'}://${host}`;
}

/**
 * Base URL of the metadata API, without a trailing slash.
 *
 * @param ofKind where the kind of registry has it, if that is not the registry itself
 */
export function metadataEndpoint(options: UpstreamOptions, ofKind: string | undefined): string {
  if (options.metadataEndpoint !== undefined) return options.metadataEndpoint.replace(/\/+$/, '');
  return options.endpoint === undefined && ofKind !== undefined ? ofKind : registryEndpoint(options);
}
