/** What `GET /v1/status` tells: the state of one gateway in one small answer. Times are RFC 3339. */

/** How far the ledger reaches, and whether it stores. */
export interface LedgerReport {
  /** `memory`, `sqlite`, `redis` */
  readonly kind: string;
  /** Positions; null: the ledger cannot be asked now. */
  readonly floor: string | null;
  readonly head: string | null;
  /** When the oldest change kept was recorded; null: none is kept, or it cannot be asked. */
  readonly oldest: string | null;
  /** When the newest change was recorded; null: there never was one. */
  readonly newest: string | null;
  /** What it takes and may still take, bytes; null: not known, or without limit. */
  readonly bytes: number | null;
  readonly freeBytes: number | null;
  readonly storing: boolean;
  /** Why it does not store; null: it does. */
  readonly why: string | null;
  /** What was found damaged; null: nothing. */
  readonly damage: string | null;
  /** How changes that were acknowledged may be lost, and what to set; null: in no way that is known. */
  readonly risk: { readonly cause: string; readonly remedy: string } | null;
  /** By how much this gateway's clock is behind the newest change; 0: it is not. */
  readonly clockBehindMs: number;
}

export interface SubscribersReport {
  /** Without targets, which no limit counts. */
  readonly total: number;
  readonly limit: number;
  readonly byTransport: Readonly<Record<string, number>>;
  /** Fed from the ledger, because they read slowly or replay. */
  readonly behind: number;
  /** Positions that the slowest of these is behind the newest change. */
  readonly lag: number;
  /** When all that the pace holds back now is out, if the rate stays; null: nothing is held back. */
  readonly heldUntil: string | null;
}

/** R, and what it holds back. */
export interface PaceReport {
  readonly deliveriesPerSecond: number;
  readonly configuredDeliveriesPerSecond: number;
  readonly heldDeliveries: number;
  readonly windowMs: number;
  readonly waitingReplays: number;
  /** Rates set for a while by `PUT /v1/pace`. */
  readonly overrides: number;
}

/** How a registry does; `source/poll/registry-report.ts` fits. */
export interface RegistryReport {
  readonly registry: string;
  readonly state: 'ok' | 'throttled' | 'failing' | 'left-alone' | 'probing';
  readonly leftAloneUntil: string | null;
  readonly repositories: number;
  readonly absent: { readonly count: number; readonly repository: string } | null;
  readonly unreadable: {
    readonly count: number;
    readonly repository: string;
    readonly reason: string;
    readonly error: string;
  } | null;
  readonly lastFailure: { readonly at: string; readonly repository: string; readonly reason: string } | null;
}

/** What came to a hook; `source/webhook/log/deliveries.ts` fits. */
export interface HookReport {
  readonly name: string;
  readonly kind: string;
  readonly counts: { readonly accepted: number; readonly refused: number; readonly unverified: number };
  readonly lastDelivery: string | null;
  readonly lastRefusal: {
    readonly at: string;
    readonly address: string;
    readonly code: string;
    readonly reason: string;
  } | null;
}

/** How a tool that the gateway triggers does; `target/report.ts` fits. */
export interface TargetReport {
  readonly name: string;
  readonly kind: string;
  /** `disabled`, `paused`, `unserved`, or one that is no trouble. */
  readonly state: string;
  /** Why it is disabled; null: it is not. */
  readonly disabled: string | null;
  /** When the oldest change that waits was due; null: none is, or another gateway knows. */
  readonly waitingSince: string | null;
  /** Whether that is too long ago. */
  readonly late: boolean;
  readonly lastFailure: { readonly at: string; readonly result: string; readonly why: string } | null;
}

/** Null: not known, or without limit. */
export interface DescriptorsReport {
  readonly used: number | null;
  readonly limit: number | null;
}

/** Something that an operator should know. */
export interface Warning {
  /** `critical`: changes may be lost or are refused now. `info`: on purpose, or soon over. */
  readonly severity: 'critical' | 'warning' | 'info';
  /** The same for the same kind of trouble: `ledger-not-storing`. */
  readonly code: string;
  /** The registry, hook or target that it is about; null: the gateway. */
  readonly about: string | null;
  readonly cause: string;
  readonly remedy: string;
  /** The setting to change, as docs/configuration.md names it; null: it is not a matter of settings. */
  readonly setting: string | null;
  /** File and heading of the documentation that comes with Manifeed. */
  readonly docs: string;
}

/** See the head of this file. */
export interface StatusReport {
  /** Name of the gateway that answers. */
  readonly gateway: string;
  readonly version: string;
  readonly now: string;
  readonly startedAt: string;
  readonly uptimeSeconds: number;
  readonly draining: boolean;
  /** The worst first. */
  readonly warnings: readonly Warning[];
  readonly ledger: LedgerReport;
  readonly subscribers: SubscribersReport;
  readonly pace: PaceReport;
  /** Those in trouble first. */
  readonly registries: readonly RegistryReport[];
  readonly moreRegistries: number;
  /** Those in trouble first. */
  readonly hooks: readonly HookReport[];
  readonly moreHooks: number;
  /** Those in trouble first; null: the ledger cannot be asked now. */
  readonly targets: readonly TargetReport[] | null;
  readonly moreTargets: number;
  readonly descriptors: DescriptorsReport;
}
