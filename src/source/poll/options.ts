/** What the poller is told about a registry and about what to watch; the configuration's values fit it. */

/** Which lister a registry gets. `generic`: the distribution-spec's tags/list. */
export const registryKinds = ['generic', 'docker-hub', 'quay', 'harbor', 'acr', 'gar'] as const;

export type RegistryKind = (typeof registryKinds)[number];

export interface RegistryPollOptions {
  /** Time between two looks at a repository of unknown habits, ms. */
  readonly intervalMs: number;
  /** The interval adapts between these two, ms. */
  readonly minIntervalMs: number;
  readonly maxIntervalMs: number;
  /** Requests to this registry, by all gateways together, > 0. */
  readonly requestsPerSecond: number;
  /** Requests under way at once, from this gateway, ≥ 1. */
  readonly concurrency: number;
  /** Whether a repository that only a live subscription names is polled. */
  readonly onDemand: boolean;
  /** Stop when a registry's `ratelimit-remaining` falls to this; default 10. */
  readonly reserve?: number | undefined;
}

export interface RegistryOptions {
  /** Canonical host, with its port where it has one. */
  readonly host: string;
  /** Default: known from the host, else `generic`. */
  readonly kind?: RegistryKind | undefined;
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
  /** Base URL of the metadata API of a Docker Hub, Quay or Harbor; default: the kind's own. */
  readonly metadataEndpoint?: string | undefined;
  /**
   * Host and port of the token service: then no other realm is asked. Default: the registry's own host and port, or
   * any public address.
   */
  readonly tokenService?: string | undefined;
  /** Follow redirects into private networks; default false. Realms are not redirects: see `tokenService`. */
  readonly allowPrivateRedirects?: boolean | undefined;
  readonly poll: RegistryPollOptions;
}

export interface WatchOptions {
  /** Canonical key, `registry/name`. */
  readonly repository: string;
  /** Exact tags and glob patterns. */
  readonly tags: readonly string[];
  /** Announce what the very first look finds; default false: it fills the index silently. */
  readonly announceExisting?: boolean | undefined;
}

/** The kind of a registry whose configuration names none. */
export function kindOfHost(host: string): RegistryKind {
  if (host === 'docker.io') return 'docker-hub';
  if (host === 'quay.io') return 'quay';
  if (host.endsWith('.azurecr.io')) return 'acr';
  if (host === 'gcr.io' || host.endsWith('.gcr.io') || host.endsWith('.pkg.dev')) return 'gar';
  return 'generic';
}

/** Base URL of the registry's own API, without a trailing slash. */
export function registryEndpoint(options: RegistryOptions): string {
  if (options.endpoint !== undefined) return options.endpoint.replace(/\/+$/, '');
  // The name in references is not the name of the service.
  const host = options.host === 'docker.io' ? 'registry-1.docker.io' : options.host;
  return `${options.plainHttp === true ? 'http' : 'https'}://${host}`;
}

/** Base URL of the metadata API, without a trailing slash. */
export function metadataEndpoint(options: RegistryOptions, kind: RegistryKind): string {
  if (options.metadataEndpoint !== undefined) return options.metadataEndpoint.replace(/\/+$/, '');
  if (kind === 'docker-hub' && options.endpoint === undefined) return 'https://hub.docker.com';
  return registryEndpoint(options);
}
