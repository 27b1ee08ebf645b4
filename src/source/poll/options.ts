/** What the poller is told about a registry and about what to watch; the configuration's values fit it. */
import type { RequestLimits, UpstreamOptions } from '../../upstream/options.ts';

/** How often the repositories of a registry are looked at. */
export interface RegistryPollOptions extends RequestLimits {
  /** Time between two looks at a repository of unknown habits, ms. */
  readonly intervalMs: number;
  /** The interval adapts between these two, ms. */
  readonly minIntervalMs: number;
  readonly maxIntervalMs: number;
  /** Whether a repository that only a live subscription names is polled. */
  readonly onDemand: boolean;
}

export interface RegistryOptions extends UpstreamOptions {
  /** The name of a lister (`listers/listers.ts`). Default: known from the host, else `generic`. */
  readonly kind?: string | undefined;
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
