import type { Claim } from '../../cluster/cluster.ts';
import type { Clock } from '../../lib/clock.ts';
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
import type { Lister } from './listers/lister.ts';
import { LoadSlots } from './load-slots.ts';
import { lookAt } from './look.ts';
import type { LookResult } from './look-task.ts';
import { decodeMemo, encodeMemo, type Memo } from './memo.ts';
import type { PollMetrics } from './metrics.ts';
import type { RegistryOptions, WatchOptions } from './options.ts';
import { Repositories, type RepositoriesOptions, type RepositoryState, scopesOf } from './repositories.ts';
import { compileScopes, matcherOf } from './scopes.ts';
import { fairHeads, verdictOf } from './verdict.ts';

/** A dead gateway's repositories wait this long, ms. Renewed three times within it: answers can get lost. */
const leaseMs = 12_000;
const maxClaims = 64;
/** Concurrent looks whose HEADs are spread over their interval. */
const maxLarge = 32;
/** The schedule is asked at least this often, ms: other gateways may have added to it. */
const maxIdleMs = 1_000;
const minIdleMs = 1;
const soonMs = 1_000;
const confirmSpacingMs = 5_000;

interface RegistryPollerDeps extends RepositoriesOptions {
  readonly client: RegistryClient;
  readonly lister: Lister;
  readonly ledger: LedgerView;
  readonly rareLog: RareLog;
  readonly metrics: PollMetrics;
}

/** A look that failed; `at` in ms since the epoch. */
export interface RegistryFailure {
  readonly at: number;
  readonly repository: string;
  readonly reason: string;
}

/**
 * Takes due repositories of one registry from the schedule, looks at each, and says when it is due again. These
 * pollers share nothing, so a registry in trouble delays no other.
 */
export class RegistryPoller {
  readonly options: RegistryOptions;
  readonly #deps: RegistryPollerDeps;
  readonly #repositories: Repositories;
  readonly #clock: Clock;
  readonly #slots = new LoadSlots();
  readonly #closing = new AbortController();
  readonly #looks = new Map<Claim, { readonly stop: AbortController; readonly ended: Promise<void> }>();
  #breaker = closedBreaker;
  #large = 0;
  #lastFailure: RegistryFailure | null = null;
  #suspects = 0;
  /** Raised when the ledger lost its continuity, which voids the baselines noted before. */
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

  get states(): ReadonlyMap<string, RepositoryState> {
    return this.#repositories.states;
  }

  get client(): RegistryClient {
    return this.#deps.client;
  }

  /** The interval at which the repository is polled now, ms; null: it is not polled. */
  pollIntervalMs(repository: string): number | null {
    const state = this.states.get(repository);
    return state === undefined ? null : state.intervalMs || this.options.poll.intervalMs;
  }

  /** Whether a look at the repository looks at this tag. */
  polls(repository: string, tag: string): boolean {
    const state = this.states.get(repository);
    return state !== undefined && matcherOf(scopesOf(state))(tag);
  }

  get breakerMode(): BreakerMode {
    return breakerMode(this.#breaker, this.#clock.monotonic());
  }

  /** Questions in a row that ended in a 5xx, a timeout or no connection. */
  get failuresInRow(): number {
    return this.#breaker.failures;
  }

  /** How long nothing is asked, ms: the registry asked for a pause, or the breaker is open. */
  get backoffMs(): number {
    return Math.max(0, this.#deps.client.blockedForMs, this.#breaker.openUntil - this.#clock.monotonic());
  }

  /** The last look that failed; null: none did. */
  get lastFailure(): RegistryFailure | null {
    return this.#lastFailure;
  }

  watch(watched: readonly WatchOptions[]): Promise<void> {
    return this.#repositories.watch(watched);
  }

  /** @returns false if it is not polled: not allowed, or too many on demand */
  async setDemand(repository: string, scopes: readonly string[] | null): Promise<boolean> {
    const outcome = await this.#repositories.setDemand(repository, scopes);
    if (outcome === 'soon') this.#wakeUp();
    return outcome !== 'refused';
  }

  /** Makes the next look come soon, after a webhook. Several webhooks within a moment make one look. */
  async confirm(repository: string): Promise<void> {
    const inMs = soonMs * (0.5 + this.#deps.random());
    // The schedule keeps looks apart: another gateway may have made the last one.
    if (await this.#deps.schedule.hasten(repository, inMs, confirmSpacingMs)) this.#wakeUp();
  }

  /** What came of a question that was no look counts for the breaker too. @param error null: it was answered */
  heard(error: Error | null): void {
    if (error === null) this.#breaker = afterSuccess(this.#breaker);
    else if (error instanceof UpstreamError && isOutage(error.reason))
      this.#breaker = afterFailure(this.#breaker, this.#clock.monotonic(), this.#deps.random);
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

  /** Starts as many looks as may run; resolves with the time until more can start, ms. */
  async #takeDue(): Promise<number> {
    const free = this.#freeLooks();
    if (free <= 0) return maxIdleMs;
    const claims = await this.#deps.schedule.claim(Math.min(free, maxClaims), leaseMs);
    for (const claim of claims) await this.#begin(claim);
    return claims.length > 0 ? 0 : this.#deps.schedule.nextInMs();
  }

  /**
   * Twice as many looks as concurrent requests, because some always wait for the ledger. None starts while the
   * breaker is open or the registry asked for a pause; a probe is one look.
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
    // Repositories that failed last time share a quarter of the places, so slow ones do not delay the others.
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
    const { ledger, client, lister, metrics } = this.#deps;
    const registry = this.options.host;
    const scopes = compileScopes([...claim.scopes, ...(state === undefined ? [] : scopesOf(state))]);
    const watch = state?.watch;
    const result = await lookAt(
      {
        registry,
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
        ledger,
        client,
        lister,
        clock: this.#clock,
        onMassLoss: () => {
          metrics.massLosses.inc({ registry });
          const what = `most known tags are gone at once: announced if a look in ${this.options.poll.intervalMs} ms finds the same`;
          this.#warn('mass-loss', what, 'look', claim.repository);
        },
        onBadAnswer: (bad, by) => {
          metrics.badAnswers.inc({ registry, reason: bad }, by);
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

  async #finish(claim: Claim, state: RepositoryState | undefined, result: LookResult): Promise<void> {
    const now = this.#clock.now();
    const { error } = result;
    const reason = error === null ? null : reasonOf(error);
    this.#deps.metrics.looks.inc({ registry: this.options.host, outcome: reason ?? 'ok' });
    if (error !== null && reason !== 'closed') {
      this.#lastFailure = { at: now, repository: claim.repository, reason: error.message.slice(0, 300) };
      this.#warn(reason ?? '', error, 'look', claim.repository);
    }
    if (result.answered || error !== null) this.heard(result.answered ? null : error);
    const { memo, inMs } = this.#next(result, reason, now);
    // A look that reached its end has read the repository, whatever some of its tags are.
    state?.looked(now, now + inMs, memo, { ...result, reason: result.partial ? null : reason });
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
      // Another gateway took the repository over. Two looks do no harm, but cost the registry twice.
      if (!(await this.#deps.schedule.extend(claim, leaseMs))) stop.abort();
    }
  }

  #wakeUp(): void {
    this.#woken = true;
    this.#wake();
  }

  /** Returns at once if a wake-up came before the call. */
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

function reasonOf(error: Error): string {
  return error instanceof UpstreamError ? error.reason : 'ledger';
}
