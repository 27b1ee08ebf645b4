import type { RequestLimits, UpstreamOptions } from '../../upstream/options.ts';

export interface RegistryPollOptions extends RequestLimits {
  /** Time between two looks at a repository of unknown habits, ms. */
  readonly intervalMs: number;
  /** The interval adapts between these two, ms. */
  readonly minIntervalMs: number;
  readonly maxIntervalMs: number;
  /** Whether repositories that only a live subscription names are polled. */
  readonly onDemand: boolean;
}

export interface RegistryOptions extends UpstreamOptions {
  /** The name of a lister (`listers/listers.ts`). Default: by the host, else `generic`. */
  readonly kind?: string | undefined;
  readonly poll: RegistryPollOptions;
}

export interface WatchOptions {
  /** Canonical key, `registry/name`. */
  readonly repository: string;
  readonly tags: readonly string[];
  /** Announce what the very first look finds; default false: it only fills the index. */
  readonly announceExisting?: boolean | undefined;
}
