import type { RequestLimits, UpstreamOptions } from '../../upstream/options.ts';

/** How one registry is polled. */
export interface RegistryPollOptions extends RequestLimits {
  /** Time between two looks at a repository of unknown habits, ms. */
  readonly intervalMs: number;
  /** The interval adapts between these two, ms. */
  readonly minIntervalMs: number;
  readonly maxIntervalMs: number;
  /** Whether repositories that only a live subscription names are polled. */
  readonly onDemand: boolean;
}

/** One registry, as configured. */
export interface RegistryOptions extends UpstreamOptions {
  /** The name of a lister (`listers/listers.ts`). Default: by the host, else `generic`. */
  readonly kind?: string | undefined;
  /** Content of a Docker `config.json`, for credentials if there is no `username`. */
  readonly dockerConfigText?: string | undefined;
  readonly poll: RegistryPollOptions;
}

/** One repository to poll. */
export interface WatchOptions {
  /** As configured; inside `RegistryPoller`, its name in the registry. */
  readonly repository: string;
  readonly tags: readonly string[];
  /** Announce what the very first look finds; default false: it only fills the index. */
  readonly announceExisting?: boolean | undefined;
}
