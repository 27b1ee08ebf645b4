/** How fast one registry may be asked. */
export interface RequestLimits {
  /** Requests by all gateways together, > 0. */
  readonly requestsPerSecond: number;
  /** Concurrent requests of this gateway, ≥ 1. */
  readonly concurrency: number;
  /** Requests always left unused of the quota that the registry reports (`ratelimit-remaining`); default 10. */
  readonly reserve?: number | undefined;
}

/** Settings of the client of one registry, as configured. */
export interface UpstreamOptions {
  /** Canonical host, with its port if it has one. */
  readonly host: string;
  /** Allow plain HTTP to the registry and its token service; default false: every byte is encrypted. */
  readonly plainHttp?: boolean | undefined;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** Certificates to trust besides the system's, PEM. */
  readonly ca?: string | undefined;
  /** Accept any certificate. Logged at every start. */
  readonly insecureSkipVerify?: boolean | undefined;
  /** Base URL of the registry's API; default: `https://<host>`, for docker.io its `registry-1.docker.io`. */
  readonly endpoint?: string | undefined;
  /** Base URL of the metadata API of a Docker Hub, Quay or Harbor; default: that of the kind. */
  readonly metadataEndpoint?: string | undefined;
  /** Host and port of the only realm that may be asked. Default: the registry's own, or any public address. */
  readonly tokenService?: string | undefined;
  /** Follow redirects into private networks; default false. For token realms see `tokenService`. */
  readonly allowPrivateRedirects?: boolean | undefined;
  readonly poll: RequestLimits;
}

/** Base URL of the registry's own API, without a trailing slash. */
export function registryEndpoint(options: Pick<UpstreamOptions, 'host' | 'endpoint' | 'plainHttp'>): string {
  if (options.endpoint !== undefined) return options.endpoint.replace(/\/+$/, '');
  // References say `docker.io`, but its API has another host.
  const host = options.host === 'docker.io' ? 'registry-1.docker.io' : options.host;
  return `${options.plainHttp === true ? 'http' : 'https'}://${host}`;
}

/**
 * Base URL of the metadata API, without a trailing slash.
 *
 * @param ofKind the kind's own metadata API, if it is not at the registry
 */
export function metadataEndpoint(options: UpstreamOptions, ofKind: string | undefined): string {
  if (options.metadataEndpoint !== undefined) return options.metadataEndpoint.replace(/\/+$/, '');
  return options.endpoint === undefined && ofKind !== undefined ? ofKind : registryEndpoint(options);
}
