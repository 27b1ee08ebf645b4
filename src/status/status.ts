import { messageOf } from '../errors.ts';
import { formatPosition } from '../event/position.ts';
import type { Extent } from '../ledger/extent.ts';
import type { Clock } from '../lib/clock.ts';
import { within } from '../lib/deadline.ts';
import { isRegistryInTrouble } from './registry-warnings.ts';
import type {
  DescriptorsReport,
  HookReport,
  LedgerReport,
  PaceReport,
  RegistryReport,
  StatusReport,
  TargetReport,
} from './report.ts';
import { isTargetInTrouble } from './target-warnings.ts';
import { type Facts, isHookRefused, warningsOf } from './warnings.ts';

/** What the parts of the gateway tell. */
interface StatusParts {
  readonly gateway: string;
  readonly version: string;
  readonly ledgerKind: string;
  readonly ledger: {
    /** Rejects with the reason why nothing is stored. */
    check(): Promise<void>;
  };
  readonly extent: { look(): Promise<Extent> };
  readonly newest: { readonly newestAt: number | null; readonly behindMs: number };
  readonly admission: { readonly isDraining: boolean; readonly maxSubscribers: number };
  readonly hub: {
    census(): {
      readonly byTransport: ReadonlyMap<string, number>;
      readonly clients: number;
      readonly behind: number;
      readonly lag: number;
    };
    readonly pacer: { describe(): Omit<PaceReport, 'overrides'> & { readonly overrides: readonly object[] } };
  };
  readonly registries: () => readonly RegistryReport[];
  readonly hooks: () => readonly HookReport[];
  /** Rejects if the ledger cannot be asked. */
  readonly targets: () => Promise<readonly TargetReport[]>;
  readonly descriptors: () => Promise<DescriptorsReport>;
  readonly clock: Clock;
}

/** Registries, hooks, and targets, in one answer. */
const maxListed = 100;
const maxWarnings = 100;
/** A ledger that does not answer within this does not store, ms. */
const patienceMs = 2_000;

/** Gathers what `GET /v1/status` tells. */
export class Status {
  readonly #parts: StatusParts;
  readonly #startedAt: { readonly wallMs: number; readonly monotonicMs: number };

  constructor(parts: StatusParts) {
    this.#parts = parts;
    this.#startedAt = { wallMs: parts.clock.now(), monotonicMs: parts.clock.monotonic() };
  }

  /** Name of this gateway. */
  get gateway(): string {
    return this.#parts.gateway;
  }

  /** Does not reject, and takes at most two seconds. */
  async describe(): Promise<StatusReport> {
    const { registries, hooks, targets, ...rest } = await this.#facts();
    const facts: Facts = {
      ...rest,
      registries: registries.toSorted((a, b) => first(isRegistryInTrouble(a), isRegistryInTrouble(b))),
      hooks: hooks.toSorted((a, b) => first(isHookRefused(a), isHookRefused(b))),
      targets: targets?.toSorted((a, b) => first(isTargetInTrouble(a), isTargetInTrouble(b))) ?? null,
    };
    return {
      ...facts,
      warnings: warningsOf(facts).slice(0, maxWarnings),
      registries: facts.registries.slice(0, maxListed),
      moreRegistries: Math.max(0, registries.length - maxListed),
      hooks: facts.hooks.slice(0, maxListed),
      moreHooks: Math.max(0, hooks.length - maxListed),
      targets: facts.targets?.slice(0, maxListed) ?? null,
      moreTargets: Math.max(0, (targets?.length ?? 0) - maxListed),
    };
  }

  async #facts(): Promise<Facts> {
    const { gateway, version, admission, hub, clock } = this.#parts;
    const [ledger, descriptors, targets] = await Promise.all([
      this.#ledger(),
      this.#parts.descriptors(),
      this.#soon(() => this.#parts.targets().then(summaryOf, () => null), null),
    ]);
    const { byTransport, clients, behind, lag } = hub.census();
    const { deliveriesPerSecond, configuredDeliveriesPerSecond, ...pace } = hub.pacer.describe();
    const { heldDeliveries, windowMs, waitingReplays, overrides } = pace;
    const now = clock.now();
    return {
      ...{ gateway, version, now: isoTime(now), startedAt: isoTime(this.#startedAt.wallMs) },
      uptimeSeconds: Math.round((clock.monotonic() - this.#startedAt.monotonicMs) / 1_000),
      draining: admission.isDraining,
      ledger,
      subscribers: {
        total: clients,
        limit: admission.maxSubscribers,
        byTransport: Object.fromEntries(byTransport),
        ...{ behind, lag },
        heldUntil: windowMs === 0 ? null : isoTime(now + windowMs),
      },
      pace: {
        ...{ deliveriesPerSecond, configuredDeliveriesPerSecond, heldDeliveries, windowMs, waitingReplays },
        overrides: overrides.length,
      },
      registries: this.#parts.registries(),
      hooks: this.#parts.hooks(),
      ...{ targets, descriptors },
    };
  }

  async #ledger(): Promise<LedgerReport> {
    const { ledgerKind: kind, ledger, extent, newest } = this.#parts;
    const [why, found] = await Promise.all([
      this.#soon(() => ledger.check().then(() => null, messageOf), 'it does not answer in time'),
      this.#soon(() => extent.look().catch(() => null), null),
    ]);
    const { newestAt, behindMs: clockBehindMs } = newest;
    const common = { kind, clockBehindMs, newest: isoTime(newestAt), storing: why === null, why };
    if (found === null) {
      const unknown = { floor: null, head: null, oldest: null, bytes: null, freeBytes: null };
      return { ...common, ...unknown, damage: null, risk: null };
    }
    const { bounds, oldestAt, bytes, freeBytes, damage, risk } = found;
    const position = (sequence: number) => formatPosition(bounds.epoch, sequence);
    return {
      ...common,
      ...{ floor: position(bounds.floor), head: position(bounds.head), oldest: isoTime(oldestAt) },
      ...{ bytes, freeBytes, damage, risk },
    };
  }

  #soon<T, Late>(work: () => Promise<T>, late: Late): Promise<T | Late> {
    return within(
      { clock: this.#parts.clock, timeoutMs: patienceMs },
      () => work(),
      () => late,
    );
  }
}

/** Of each target what the status tells. */
function summaryOf(targets: readonly TargetReport[]): readonly TargetReport[] {
  return targets.map(({ name, kind, state, disabled, waitingSince, late, lastFailure }) => {
    return { name, kind, state, disabled, waitingSince, late, lastFailure };
  });
}

/** Sorts those for which it is true before the others. */
function first(a: boolean, b: boolean): number {
  return Number(b) - Number(a);
}

function isoTime(ms: number): string;
function isoTime(ms: number | null): string | null;
function isoTime(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}
