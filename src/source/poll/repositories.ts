import type { Claim, Schedule, Wanted } from '../../cluster/cluster.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Random } from '../../lib/random.ts';
import { absenceTexts } from './absence.ts';
import { listFaults } from './listers/lister.ts';
import type { LoadSlots } from './load-slots.ts';
import type { LookResult } from './look-task.ts';
import type { Memo } from './memo.ts';
import type { RegistryOptions, WatchOptions } from './options.ts';
import { covers, sameScopes } from './scopes.ts';

/** What this gateway keeps of a polled repository; the schedule has the rest. There may be 100,000. */
export class RepositoryState {
  watch: WatchOptions | null = null;
  /** Null: nobody asks. */
  demand: readonly string[] | null = null;
  /** A repository that nobody asks for is polled until this, monotonic ms. */
  lingerUntil = 0;
  /** ms since the epoch; 0: never. */
  lastLookAt = 0;
  lastSeenAt = 0;
  nextLookAt = 0;
  intervalMs = 0;
  failures = 0;
  lastError: string | null = null;
  /** Why the last look did not reach its end; null: it did. */
  lastReason: string | null = null;
  /** When it was last seen, or else first looked at, ms since the epoch; 0: never. */
  unseenSince = 0;
  /** It is configured, and the last look that was answered did not find it. */
  isAbsent = false;

  /** @param look with the reason why it did not reach its end; null: it did */
  looked(
    now: number,
    nextLookAt: number,
    memo: Memo,
    {
      reason,
      ...look
    }: Pick<LookResult, 'error' | 'absence' | 'listEnd'> & { readonly reason: string | null },
  ): void {
    const { error } = look;
    // A subscriber may wait for a tag that is not there yet; who configures only such tags should know.
    const absence = this.watch === null && look.absence === 'tags' ? null : look.absence;
    const isSeen = error === null && absence === null;
    this.lastLookAt = now;
    if (isSeen) this.lastSeenAt = now;
    if (isSeen || this.unseenSince === 0) this.unseenSince = now;
    if (error === null) this.isAbsent = this.watch !== null && absence !== null;
    this.nextLookAt = nextLookAt;
    this.intervalMs = memo.intervalMs;
    this.failures = memo.failures;
    this.lastReason = reason;
    const fault = look.listEnd === null ? null : listFaults[look.listEnd];
    this.lastError = error?.message.slice(0, 300) ?? (absence === null ? fault : absenceTexts[absence]);
  }
}

/** A repository as `GET /v1/upstreams` shows it; times in RFC 3339, null: never. */
export interface RepositoryReport {
  readonly repository: string;
  readonly watched: boolean;
  readonly scopes: readonly string[];
  /** Successful or not. */
  readonly lastLook: string | null;
  /** The last look that saw everything it wanted to. */
  readonly lastSeen: string | null;
  readonly nextLook: string | null;
  readonly intervalMs: number;
  readonly failures: number;
  readonly lastError: string | null;
}

function reportOf(repository: string, state: RepositoryState): RepositoryReport {
  return {
    repository,
    watched: state.watch !== null,
    scopes: scopesOf(state),
    lastLook: isoTime(state.lastLookAt),
    lastSeen: isoTime(state.lastSeenAt),
    nextLook: isoTime(state.nextLookAt),
    intervalMs: Math.round(state.intervalMs),
    failures: state.failures,
    lastError: state.lastError,
  };
}

/** The reports of at most `limit` repositories, failing ones first, and how many there are. @param now ms since the epoch */
export function reportOfAll(states: ReadonlyMap<string, RepositoryState>, limit: number, now: number) {
  const failing: [string, RepositoryState][] = [];
  const others: [string, RepositoryState][] = [];
  let due = 0;
  let failures = 0;
  for (const each of states) {
    const [, { lastError, nextLookAt }] = each;
    if (nextLookAt !== 0 && nextLookAt <= now) due++;
    if (lastError !== null) failures++;
    const list = lastError === null ? others : failing;
    if (list.length < limit) list.push(each);
  }
  const listed = [...failing, ...others].slice(0, limit);
  const repositories = listed.map(([name, state]) => reportOf(name, state));
  return { repositories, total: states.size, due, failing: failures };
}

/** What configuration and subscribers of this gateway ask for. */
export function scopesOf(state: RepositoryState): readonly string[] {
  return [...new Set([...(state.watch?.tags ?? []), ...(state.demand ?? [])])];
}

function isoTime(time: number): string | null {
  return time === 0 ? null : new Date(time).toISOString();
}

/** What the repositories of one registry need. */
export interface RepositoriesOptions {
  readonly options: RegistryOptions;
  readonly schedule: Schedule;
  readonly lingerMs: number;
  readonly maxOnDemand: number;
  readonly clock: Clock;
  readonly random: Random;
}

/** `refused`: not polled. `soon`: more is wanted than before, so a look comes within a second. */
type DemandOutcome = 'refused' | 'kept' | 'soon';

const wantBatch = 1_000;
const soonMs = 1_000;

/** The polled repositories of one registry: configured ones, and those that subscribers ask for. */
export class Repositories {
  readonly #options: RepositoriesOptions;
  readonly #slots: LoadSlots;
  readonly #states = new Map<string, RepositoryState>();
  /** Repositories on demand that nobody asks for any more, oldest first. */
  readonly #lingering = new Set<string>();
  #onDemand = 0;

  constructor(options: RepositoriesOptions, slots: LoadSlots) {
    this.#options = options;
    this.#slots = slots;
  }

  /** By name, without the registry. */
  get states(): ReadonlyMap<string, RepositoryState> {
    return this.#states;
  }

  /** Adds the configured repositories; their first looks are spread over one interval, in order. */
  async watch(watched: readonly WatchOptions[]): Promise<void> {
    const { options, schedule, clock, random } = this.#options;
    const { intervalMs, requestsPerSecond } = options.poll;
    const spanMs = Math.max(intervalMs, (watched.length / requestsPerSecond) * 1_100);
    const now = clock.monotonic();
    let batch: Wanted[] = [];
    for (const [index, one] of watched.entries()) {
      const { repository } = one;
      if (this.#states.get(repository)?.watch === null) this.#onDemand -= 1;
      const state = this.#stateOf(repository);
      state.watch = one;
      const stratumMs = spanMs / watched.length;
      const inMs = this.#slots.placeWithin(now, index * stratumMs, stratumMs, 1, random);
      state.nextLookAt = clock.now() + inMs;
      state.intervalMs = intervalMs;
      batch.push({ repository, scopes: [], inMs });
      if (batch.length < wantBatch) continue;
      await schedule.want(batch);
      batch = [];
    }
    await schedule.want(batch);
  }

  /** @param scopes tags and globs that live subscriptions ask for; null: nobody asks any more */
  async setDemand(repository: string, scopes: readonly string[] | null): Promise<DemandOutcome> {
    const { options, schedule, random } = this.#options;
    if (scopes === null) {
      await this.#release(repository);
      return 'kept';
    }
    let evicted: string | null = null;
    if (!this.#states.has(repository)) {
      if (!options.poll.onDemand) return 'refused';
      if (this.#onDemand >= this.#options.maxOnDemand) {
        evicted = this.#lingering.values().next().value ?? null;
        if (evicted === null) return 'refused';
        this.forget(evicted);
      }
      this.#onDemand += 1;
    }
    // Await nothing before this point: many subscribers may name the same repository at the same moment.
    const state = this.#stateOf(repository);
    const isWider = !covers(scopesOf(state), scopes);
    const isSame = state.demand !== null && sameScopes(state.demand, scopes);
    state.demand = scopes;
    this.#lingering.delete(repository);
    if (evicted !== null) await schedule.unwant(evicted);
    if (isSame || (state.watch !== null && covers(state.watch.tags, scopes))) return 'kept';
    // Spread over a second: a reconnect storm names thousands of repositories at once.
    const inMs = isWider ? random() * soonMs : options.poll.maxIntervalMs;
    await schedule.want([{ repository, scopes, inMs }]);
    return isWider ? 'soon' : 'kept';
  }

  forget(repository: string): void {
    this.#lingering.delete(repository);
    if (this.#states.delete(repository)) this.#onDemand -= 1;
  }

  /** Whether this gateway, or another one that shares the schedule, wants it. */
  isWanted({ repository, scopes }: Claim): boolean {
    const { options, clock } = this.#options;
    const state = this.#states.get(repository);
    if (state === undefined) return scopes.length > 0 && options.poll.onDemand;
    return state.watch !== null || state.demand !== null || clock.monotonic() < state.lingerUntil;
  }

  async #release(repository: string): Promise<void> {
    const { options, schedule, clock, lingerMs } = this.#options;
    const state = this.#states.get(repository);
    if (state === undefined || state.demand === null) return;
    state.demand = null;
    state.lingerUntil = clock.monotonic() + lingerMs;
    // A configured repository goes back to its own scopes; another one keeps its scopes while it lingers.
    if (state.watch === null) this.#lingering.add(repository);
    else await schedule.want([{ repository, scopes: [], inMs: options.poll.maxIntervalMs }]);
  }

  #stateOf(repository: string): RepositoryState {
    const known = this.#states.get(repository);
    if (known !== undefined) return known;
    const state = new RepositoryState();
    this.#states.set(repository, state);
    return state;
  }
}
