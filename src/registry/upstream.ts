/**
 * The registries as this API asks them: through the poller's clients, so that one budget, one pause and one breaker
 * serve both. Asking is once for all who ask the same at the same time; a refusal is remembered for as long as it
 * holds, because containerd repeats a refused request five times at once.
 */
import { ManifeedError } from '../errors.ts';
import { BoundedMap } from '../lib/bounded-map.ts';
import type { Clock } from '../lib/clock.ts';
import { Counts } from '../lib/counts.ts';
import { within } from '../lib/deadline.ts';
import type { BreakerMode } from '../upstream/breaker.ts';
import type { RegistryClient } from '../upstream/registry-client.ts';
import { UpstreamError, type UpstreamReason } from '../upstream/upstream-error.ts';
import type { Tally } from './tally.ts';

/** One configured registry; `RegistryPoller` fits. */
export interface UpstreamRegistry {
  readonly client: RegistryClient;
  readonly breakerMode: BreakerMode;
  /** How long nothing is asked, ms: the registry asked for a pause, or its budget is used up. */
  readonly backoffMs: number;
  /** The interval at which the repository is polled now, ms; null: it is not polled. */
  pollIntervalMs(repository: string): number | null;
  /** Whether the poller looks at this tag. */
  polls(repository: string, tag: string): boolean;
  /** Asks for a look of the poller soon, if it polls the repository. */
  confirm(repository: string): Promise<void>;
  /** Tells the breaker what came of a question. @param error null: the registry answered */
  heard(error: Error | null): void;
}

/** Null: not configured. No other registry is ever asked. */
export type UpstreamOf = (registry: string) => UpstreamRegistry | null;

type Question<T> = (upstream: UpstreamRegistry) => Promise<T>;

/**
 * Why a question was not answered: our own refusals, and those of the registry. `unrecorded`: the ledger cannot store
 * the answer.
 */
export type WhyNot = UpstreamReason | 'unconfigured' | 'busy' | 'late' | 'unrecorded';

export interface Unanswered {
  readonly isAnswered: false;
  readonly why: WhyNot;
  readonly retryAfterMs: number;
}

export type Answered<T> = { readonly isAnswered: true; readonly value: T } | Unanswered;

export interface UpstreamsOptions {
  readonly upstreamOf: UpstreamOf;
  readonly clock: Clock;
  readonly limits?: Partial<typeof defaultLimits>;
}

const defaultLimits = {
  /** Questions to one registry under way at once; more are refused. */
  maxUnderWay: 256,
  /** Refusals remembered; the oldest are forgotten first. */
  maxRefusals: 10_000,
};

/** How long a client waits for an answer, ms; the question goes on, and its answer is remembered. */
export const answerTimeoutMs = 5_000;
const shortRetryMs = 1_000;
/** After no connection, a timeout or a 5xx. */
const outageRetryMs = 5_000;
/** After an answer that asking again soon will not change, such as wrong credentials. */
const faultRetryMs = 60_000;

interface Refusal {
  readonly why: WhyNot;
  /** Monotonic ms. */
  readonly until: number;
}

/** Asks registries on behalf of requests. */
export class Upstreams {
  readonly #upstreamOf: UpstreamOf;
  readonly #clock: Clock;
  readonly #limits: typeof defaultLimits;
  readonly #perRegistry = new Counts<string>();
  readonly #refusals: BoundedMap<string, Refusal>;

  constructor({ upstreamOf, clock, limits = {} }: UpstreamsOptions) {
    this.#upstreamOf = upstreamOf;
    this.#clock = clock;
    this.#limits = { ...defaultLimits, ...limits };
    this.#refusals = new BoundedMap(this.#limits.maxRefusals);
  }

  /** Whether the registry may ever be asked. */
  knows(registry: string): boolean {
    return this.#upstreamOf(registry) !== null;
  }

  of(registry: string): UpstreamRegistry | null {
    return this.#upstreamOf(registry);
  }

  /**
   * Questions of one kind, whose answers are alike.
   *
   * @param maxAtOnce under way to all registries together; more are refused. For answers that take much memory
   */
  questions<T>(maxAtOnce = this.#limits.maxUnderWay): Questions<T> {
    return new Questions<T>(this, this.#clock, maxAtOnce);
  }

  /** Why the question cannot be asked now; null: it can. */
  refusalOf(registry: string, key: string, upstream: UpstreamRegistry): Unanswered | null {
    return this.#refusalOf(key) ?? this.#backoffOf(registry, upstream);
  }

  /** Asks, and remembers a refusal. @throws what `question` throws besides UpstreamError and UNAVAILABLE */
  async send<T>(
    registry: string,
    key: string,
    upstream: UpstreamRegistry,
    question: Question<T>,
  ): Promise<Answered<T>> {
    this.#perRegistry.add(registry);
    try {
      const value = await question(upstream);
      upstream.heard(null);
      return { isAnswered: true, value };
    } catch (error) {
      // The registry did answer. What the ledger does not keep is not told: the next answer must not fall behind it.
      if (error instanceof ManifeedError && error.code === 'UNAVAILABLE') {
        upstream.heard(null);
        return this.#refuse(key, 'unrecorded', outageRetryMs);
      }
      if (!(error instanceof UpstreamError)) throw error;
      upstream.heard(error);
      return this.#refuse(key, error.reason, retryMs(error.reason, upstream.backoffMs));
    } finally {
      this.#perRegistry.add(registry, -1);
    }
  }

  #refuse(key: string, why: WhyNot, retryAfterMs: number): Unanswered {
    this.#refusals.renew(key, { why, until: this.#clock.monotonic() + retryAfterMs });
    return refused(why, retryAfterMs);
  }

  #refusalOf(key: string): Unanswered | null {
    const refusal = this.#refusals.get(key);
    if (refusal === undefined) return null;
    const leftMs = refusal.until - this.#clock.monotonic();
    if (leftMs > 0) return refused(refusal.why, leftMs);
    this.#refusals.delete(key);
    return null;
  }

  /** Why the registry must be left alone now; null: it may be asked. */
  #backoffOf(registry: string, { breakerMode, backoffMs }: UpstreamRegistry): Unanswered | null {
    const underWay = this.#perRegistry.of(registry);
    if (breakerMode === 'open') return refused('server', Math.max(backoffMs, shortRetryMs));
    if (backoffMs >= answerTimeoutMs) return refused('refused', backoffMs);
    // A registry that may be back gets one question, not all that wait.
    const most = breakerMode === 'probing' ? 1 : this.#limits.maxUnderWay;
    return underWay >= most ? refused('busy', shortRetryMs) : null;
  }
}

/** Questions of one kind, each sent once for all who ask the same at the same time. */
export class Questions<T> {
  readonly #upstreams: Upstreams;
  readonly #clock: Clock;
  readonly #maxAtOnce: number;
  readonly #underWay = new Map<string, Promise<Answered<T>>>();

  constructor(upstreams: Upstreams, clock: Clock, maxAtOnce: number) {
    this.#upstreams = upstreams;
    this.#clock = clock;
    this.#maxAtOnce = maxAtOnce;
  }

  /**
   * Asks, or waits for the answer to the same question.
   *
   * @param subject names the question within the registry: equal subjects must be equal questions, of any kind
   * @throws what `question` throws besides UpstreamError and UNAVAILABLE
   */
  async ask(registry: string, subject: string, tally: Tally, question: Question<T>): Promise<Answered<T>> {
    const key = `${registry} ${subject}`;
    const underWay = this.#underWay.get(key);
    if (underWay !== undefined) {
      tally.isShared = true;
      return this.#inTime(registry, underWay);
    }
    const upstream = this.#upstreams.of(registry);
    if (upstream === null) return refused('unconfigured', faultRetryMs);
    const refusal = this.#upstreams.refusalOf(registry, key, upstream);
    if (refusal !== null) return refusal;
    if (this.#underWay.size >= this.#maxAtOnce) return refused('busy', shortRetryMs);
    tally.hasAsked = true;
    const asked = this.#upstreams
      .send(registry, key, upstream, question)
      .finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, asked);
    return this.#inTime(registry, asked);
  }

  #inTime(registry: string, asked: Promise<Answered<T>>): Promise<Answered<T>> {
    const deadline = { clock: this.#clock, timeoutMs: answerTimeoutMs };
    return within(
      deadline,
      () => asked,
      () => {
        // It ends later, and nobody waits for it here.
        asked.catch(() => {});
        return refused('late', Math.max(this.#upstreams.of(registry)?.backoffMs ?? 0, shortRetryMs));
      },
    );
  }
}

function refused(why: WhyNot, retryAfterMs: number): Unanswered {
  return { isAnswered: false, why, retryAfterMs };
}

function retryMs(reason: UpstreamReason, backoffMs: number): number {
  switch (reason) {
    case 'refused':
      return Math.max(backoffMs, shortRetryMs);
    case 'server':
    case 'timeout':
    case 'network':
    case 'closed':
      return Math.max(backoffMs, outageRetryMs);
    default:
      return faultRetryMs;
  }
}
