/**
 * The poller of one registry: takes due repositories from the schedule, has each looked at, and says when it is
 * due again. These pollers share nothing, so a registry in trouble holds up no other. Each owns a breaker and its
 * repositories; what a look does is in `look.ts`.
 */

import type { Claim, Schedule } from '../../cluster/schedule.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Random } from '../../lib/random.ts';
import type { RareLog } from '../../lib/rare-log.ts';
import {
  afterFailure,
  afterSuccess,
  type BreakerMode,
  breakerMode,
  closedBreaker,
} from '../../upstream/breaker.ts';
import type { RegistryClient } from '../../upstream/registry-client.ts';
import { isOutage, UpstreamError } from '../../upstream/upstream-error.ts';
import type { LedgerView } from './ledger-view.ts';
import type { ListBounds, Lister } from './listers/lister.ts';
import { LoadSlots } from './load-slots.ts';
import { lookAt } from './look.ts';
import type { LookResult } from './look-task.ts';
import { decodeMemo, encodeMemo, type Memo } from './memo.ts';
import type { RegistryOptions, WatchOptions } from './options.ts';
import { Repositories } from './repositories.ts';
import { type RepositoryState, scopesOf } from './repository-state.ts';
import { compileScopes, matcherOf } from './scopes.ts';
import { fairHeads, verdictOf } from './verdict.ts';

/**
 * How long the repositories of a gateway that died wait for another one. Prolonged three times within it, so
 * that neither a slow answer nor one that was lost makes two gateways look at once.
 */
const leaseMs = 12_000;
const maxClaims = 64;
/** Looks whose HEADs are spread over their interval, at once. */
const maxLarge = 32;
/** A shared schedule hears of other gateways' wishes: it is asked at least this often, ms. */
const maxIdleMs = 1_000;
const minIdleMs = 1;
const soonMs = 1_000;
const confirmSpacingMs = 5_000;

/** What the poller of one registry works with. */
export interface RegistryPollerDeps {
  readonly options: RegistryOptions;
  readonly client: RegistryClient;
  readonly lister: Lister;
  readonly schedule: Schedule;
  readonly ledger: LedgerView;
  readonly bounds: ListBounds;
  readonly lingerMs: number;
  readonly maxOnDemand: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly rareLog: RareLog;
  /** Outcome of each look: `ok` or the reason of its failure. */
  readonly onLook: (outcome: string) => void;
  readonly onBadAnswer: (reason: string, by?: number) => void;
  /** A look withheld that most tags of a repository are gone. */
  readonly onMassLoss: () => void;
}

export class RegistryPoller {
  readonly options: RegistryOptions;
  readonly #deps: RegistryPollerDeps;
  readonly #repositories: Repositories;
  readonly #clock: Clock;
  readonly #slots = new LoadSlots();
  readonly #closing = new AbortController();
  /** Looks under way. */
  readonly #looks = new Map<Claim, { readonly stop: AbortController; readonly ended: Promise<void> }>();
  #breaker = closedBreaker;
  #large = 0;
  #suspects = 0;
  /** Raised when the ledger lost its continuity: baselines noted before mean nothing then. */
  #baselineGeneration = 0;
  #wake: () => void = () => {};
  #woken = false;
  #running: Promise<void> | null = null;

  constructor(deps: RegistryPollerDeps) {
    this.#deps = deps;
    this.#clock = deps.clock;
    this.options = deps.options;
    this.#repositories = new Repositories(deps, this.#slots);
  }

  /** By name, without the registry. */
  get states(): ReadonlyMap<string, RepositoryState> {
    return this.#repositories.states;
  }

  get client(): RegistryClient {
    return this.#deps.client;
  }

  get breakerMode(): BreakerMode {
    return breakerMode(this.#breaker, this.#clock.monotonic());
  }

  /** How long nothing is asked, ms: a pause the registry asked for, or the breaker. */
  get backoffMs(): number {
    return Math.max(0, this.#deps.client.blockedForMs, this.#breaker.openUntil - this.#clock.monotonic());
  }

  /** Takes the configured repositories in; the first round is spread over one interval, in their order. */
  watch(watched: readonly WatchOptions[]): Promise<void> {
    return this.#repositories.watch(watched);
  }

  /** @returns false where it is not polled: not allowed, or as many on demand as may be */
  async setDemand(repository: string, scopes: readonly string[] | null): Promise<boolean> {
    const outcome = await this.#repositories.setDemand(repository, scopes);
    if (outcome === 'soon') this.#wakeUp();
    return outcome !== 'refused';
  }

  /** A webhook spoke of it: its next look comes soon, several such within a moment make one. */
  async confirm(repository: string): Promise<void> {
    const inMs = soonMs * (0.5 + this.#deps.random());
    // The schedule keeps the distance: the last look may have been another gateway's.
    if (await this.#deps.schedule.hasten(repository, inMs, confirmSpacingMs)) this.#wakeUp();
  }

  forgetBaselines(): void {
    this.#baselineGeneration += 1;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#wakeUp();
    await this.#deps.client.close();
    await this.#running;
    for (const { stop } of this.#looks.values()) stop.abort();
    await Promise.all([...this.#looks.values()].map(({ ended }) => ended));
    await this.#deps.schedule.close();
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    let renewAt = this.#clock.monotonic() + leaseMs / 3;
    while (!signal.aborted) {
      let idleMs = maxIdleMs;
      try {
        if (this.#clock.monotonic() >= renewAt) {
          await this.#renewLeases();
          renewAt = this.#clock.monotonic() + leaseMs / 3;
        }
        idleMs = await this.#takeDue();
      } catch (error) {
        this.#warn('schedule', error, 'take due repositories');
      }
      if (idleMs > 0) await this.#idle(Math.min(Math.max(idleMs, minIdleMs), maxIdleMs));
    }
  }

  /** Starts as many looks as may run; resolves with how long nothing more can be started, ms. */
  async #takeDue(): Promise<number> {
    const free = this.#freeLooks();
    if (free <= 0) return maxIdleMs;
    const claims = await this.#deps.schedule.claim(Math.min(free, maxClaims), leaseMs);
    for (const claim of claims) await this.#begin(claim);
    return claims.length > 0 ? 0 : this.#deps.schedule.nextInMs();
  }

  /**
   * Twice as many looks as requests may be under way: some always wait for the ledger. While the breaker is open
   * or the registry asked for a pause none is begun, and a probe is one look.
   */
  #freeLooks(): number {
    const mode = this.breakerMode;
    const small = this.#looks.size - this.#large;
    if (mode === 'open' || this.#deps.client.blockedForMs >= maxIdleMs) return 0;
    if (mode === 'probing') return small === 0 ? 1 : 0;
    return this.options.poll.concurrency * 2 - small;
  }

  async #begin(claim: Claim): Promise<void> {
    const { schedule, random } = this.#deps;
    const state = this.states.get(claim.repository);
    if (!this.#repositories.isWanted(claim)) {
      if (state !== undefined) this.#repositories.forget(claim.repository);
      await schedule.unwant(claim.repository);
      return schedule.done(claim, this.options.poll.maxIntervalMs, claim.memo ?? '');
    }
    const memo = decodeMemo(claim.memo);
    // Repositories that failed last time share a quarter of the places, so that slow ones hold up no others.
    const suspect = memo.failures > 0;
    if (suspect && this.#suspects >= Math.max(1, this.options.poll.concurrency >> 2)) {
      return schedule.done(claim, soonMs * (1 + 4 * random()), claim.memo ?? '');
    }
    if (suspect) this.#suspects += 1;
    const stop = new AbortController();
    const ended = this.#look(claim, state, memo, stop.signal).finally(() => {
      if (suspect) this.#suspects -= 1;
      this.#looks.delete(claim);
      this.#wakeUp();
    });
    this.#looks.set(claim, { stop, ended });
  }

  async #look(
    claim: Claim,
    state: RepositoryState | undefined,
    memo: Memo,
    signal: AbortSignal,
  ): Promise<void> {
    const { ledger, client, lister, bounds } = this.#deps;
    const scopes = compileScopes([...claim.scopes, ...(state === undefined ? [] : scopesOf(state))]);
    const watch = state?.watch;
    const result = await lookAt(
      {
        registry: this.options.host,
        repository: claim.repository,
        scopes,
        memo,
        baselineKey: `${scopes.hash}.${this.#baselineGeneration}`,
        announces: watch?.announceExisting === true ? matcherOf(watch.tags) : () => false,
        maxHeads: fairHeads(memo, this.options.poll, this.states.size),
        spreadMs: memo.intervalMs || this.options.poll.intervalMs,
        confirmMs: this.options.poll.intervalMs,
        signal,
        enterLarge: () => this.#enterLarge(),
      },
      {
        ...ledger,
        client,
        lister,
        bounds,
        clock: this.#clock,
        onMassLoss: () => {
          this.#deps.onMassLoss();
          const what = `most known tags are gone at once: announced if a look in ${this.options.poll.intervalMs} ms finds the same`;
          this.#warn('mass-loss', what, 'look', claim.repository);
        },
        onBadAnswer: (bad, by) => {
          this.#deps.onBadAnswer(bad, by);
          this.#warn(bad, `${by ?? 1} answers that broke the rules`, 'look', claim.repository);
        },
      },
    );
    try {
      await this.#finish(claim, state, result);
    } catch (error) {
      this.#warn('schedule', error, 'end look', claim.repository);
    }
  }

  /** Draws the conclusions of a look: breaker, habits, and when to come again. */
  async #finish(claim: Claim, state: RepositoryState | undefined, result: LookResult): Promise<void> {
    const now = this.#clock.now();
    const { error } = result;
    const reason = error === null ? null : reasonOf(error);
    this.#deps.onLook(reason ?? 'ok');
    if (error !== null && reason !== 'closed') this.#warn(reason ?? '', error, 'look', claim.repository);
    if (result.answered) this.#breaker = afterSuccess(this.#breaker);
    else if (error instanceof UpstreamError && isOutage(error.reason)) {
      this.#breaker = afterFailure(this.#breaker, this.#clock.monotonic(), this.#deps.random);
    }
    const { memo, inMs } = this.#next(result, reason, now);
    state?.looked(now, now + inMs, memo, error);
    await this.#deps.schedule.done(claim, inMs, encodeMemo(memo));
  }

  #next(result: LookResult, reason: string | null, now: number): { memo: Memo; inMs: number } {
    const { poll } = this.options;
    const { memo, wait } = verdictOf(result, reason, now, poll);
    const { random } = this.#deps;
    if (wait.kind === 'within') return { memo, inMs: wait.fromMs + random() * wait.spanMs };
    return { memo, inMs: this.#slots.place(this.#clock.monotonic(), wait.ms, wait.weight, random) };
  }

  #enterLarge(): (() => void) | null {
    if (this.#large >= maxLarge) return null;
    this.#large += 1;
    this.#wakeUp();
    return () => {
      this.#large -= 1;
    };
  }

  async #renewLeases(): Promise<void> {
    for (const [claim, { stop }] of this.#looks) {
      // Another gateway looks by now: two looks are no harm to the ledger, but they cost the registry double.
      if (!(await this.#deps.schedule.extend(claim, leaseMs))) stop.abort();
    }
  }

  #wakeUp(): void {
    this.#woken = true;
    this.#wake();
  }

  /** Waits, but not past a wake-up that came before or comes meanwhile. */
  async #idle(forMs: number): Promise<void> {
    if (!this.#woken) {
      await new Promise<void>((resolve) => {
        const cancel = this.#clock.after(forMs, resolve);
        this.#wake = () => {
          cancel();
          resolve();
        };
      });
      this.#wake = () => {};
    }
    this.#woken = false;
  }

  #warn(reason: string, error: unknown, action: string, repository?: string): void {
    const message = error instanceof Error ? error.message : String(error);
    const registry = this.options.host;
    this.#deps.rareLog.warn(
      `${registry} ${reason} ${repository ?? ''}`,
      { registry, repository, reason, error: message.slice(0, 300) },
      `poll: ${action} failed`,
    );
  }
}

/** A look fails for the registry, or because the ledger could not store or be read. */
function reasonOf(error: Error): string {
  return error instanceof UpstreamError ? error.reason : 'ledger';
}
