import type { Deferred, Observation, PendingObservation, TagObserved } from '../../event/observation.ts';
import type { Clock } from '../../lib/clock.ts';
import { within } from '../../lib/deadline.ts';
import type { Log } from '../../lib/log.ts';
import type { Metrics } from '../../lib/metrics.ts';
import type { Random } from '../../lib/random.ts';
import { HeadQueue, type Manifest, type TagSource } from '../../upstream/head-queue.ts';

interface PendingStore {
  claimPending(limit: number, leaseMs: number): Promise<readonly PendingObservation[]>;
  /** Records observations and settles the pending ones of these ids, in one transaction. */
  record(
    observations: readonly Observation[],
    settles: readonly string[],
  ): Promise<{ readonly outcomes: readonly string[] }>;
}

interface CompletionOptions {
  readonly ledger: PendingStore;
  readonly registries: TagSource;
  readonly countOutcomes: (source: 'completion', outcomes: readonly string[]) => void;
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics: Metrics;
  readonly log: Log;
}

/** Most observations held at once; the rest stays in the ledger. */
export const maxHeld = 256;
/** From claim to giving up, ms. It includes the wait for a turn behind a hanging registry. */
export const giveUpAfterMs = 15_000;
/** Longer than `giveUpAfterMs`, or another gateway would waste a HEAD; after a crash, subscribers wait for it. */
export const leaseMs = 25_000;
/** Pauses between HEADs, ms, each ±25 %. */
const retryDelaysMs = [500, 1_500, 3_000, 5_000];
/** How often the ledger is asked without a `wake`, ms: another gateway or a failed commit may have left work. */
const recheckMs = 5_000;
/** Without id and digest, the same tag from the same hook within this time is one push, ms. */
const nullWindowMs = 60_000;

interface Found {
  /** Null: the registry has no such tag. */
  readonly manifest: Manifest | null;
  readonly sentAt: number;
}

/**
 * Asks the registry about what the ledger keeps as pending:
 *
 * - Tags that a webhook named without a digest. A HEAD finds the digest. It is repeated for about ten seconds,
 *   because a registry may announce a push before it shows it. After that the change has a null digest.
 * - Pushes and deletions that, by the sender's time, happened before our last look at the tag: the delivery is
 *   late, or the sender's clock is behind. The HEAD decides. If the registry does not answer, the webhook counts
 *   as it came, and the next poll corrects it.
 *
 * It owns only the claims on pending observations: after a crash these stay pending, and their leases run out. It
 * never decides what is a change.
 */
export class Completion {
  readonly #options: CompletionOptions;
  readonly #stop = new AbortController();
  readonly #heads: HeadQueue;
  readonly #tasks = new Map<string, Promise<void>>();
  readonly #results;
  #signalled = false;
  #wakeUp: (() => void) | null = null;
  #loop: Promise<void> | null = null;

  constructor(options: CompletionOptions) {
    this.#options = options;
    this.#heads = new HeadQueue(options.registries, options.clock, this.#stop.signal);
    this.#results = options.metrics.counter(
      'webhook_completions_total',
      'Tags that came without digest, by how they were completed',
      ['result'],
    );
  }

  /** Starts with what a crash left behind. Idempotent. */
  start(): void {
    this.#loop ??= this.#run();
  }

  /** Call it after every `defer`. Cheap. */
  wake(): void {
    this.#signalled = true;
    this.#wakeUp?.();
  }

  /** Stops asking; unfinished work stays pending. Waits for commits under way. Idempotent. */
  async close(): Promise<void> {
    this.#stop.abort();
    this.#wakeUp?.();
    await this.#loop;
    await Promise.all(this.#tasks.values());
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const free = maxHeld - this.#tasks.size;
      this.#signalled = false;
      const claimed = free === 0 ? [] : await this.#claim(free);
      for (const pending of claimed) this.#begin(pending);
      // At `maxHeld` more may wait: it is claimed when a place is free.
      if (claimed.length === 0 || this.#tasks.size >= maxHeld) await this.#pause();
    }
  }

  async #claim(limit: number): Promise<readonly PendingObservation[]> {
    try {
      return await this.#options.ledger.claimPending(limit, leaseMs);
    } catch (error) {
      this.#options.log.warn({ err: error }, 'pending webhooks not readable');
      return [];
    }
  }

  async #pause(): Promise<void> {
    if (this.#signalled || this.#stop.signal.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = this.#options.clock.after(recheckMs, resolve);
    this.#wakeUp = resolve;
    await promise;
    this.#wakeUp = null;
    cancel();
  }

  #begin(pending: PendingObservation): void {
    // Our own lease ran out during the work: the running task finishes it.
    if (this.#tasks.has(pending.id)) return;
    const task = this.#complete(pending)
      .catch((error: unknown) => {
        this.#results.inc({ result: 'failed' });
        this.#options.log.warn({ err: error }, 'webhook not completed: it stays pending');
      })
      .finally(() => {
        this.#tasks.delete(pending.id);
        if (this.#tasks.size === maxHeld - 1) this.wake();
      });
    this.#tasks.set(pending.id, task);
  }

  async #complete({ id, observation }: PendingObservation): Promise<void> {
    const seen = await this.#lookUntilFound(observation);
    if (seen === null && this.#stop.signal.aborted) return;
    const completed = seen === null ? asItCame(observation) : this.#decided(observation, seen);
    const { ledger, countOutcomes } = this.#options;
    countOutcomes('completion', (await ledger.record([completed], [id])).outcomes);
    this.#results.inc({ result: resultOf(observation, seen) });
  }

  #decided(observation: Deferred, { manifest, sentAt }: Found): Observation {
    const look = { looked: true, ageMs: this.#options.clock.monotonic() - sentAt, dedupeKey: null } as const;
    if (manifest === null) {
      const { registry, repository, tag, origin, keptAt } = observation;
      const gone = { kind: 'tag-gone', registry, repository, tag, origin, ...look } as const;
      return keptAt === undefined ? gone : { ...gone, keptAt };
    }
    const { digest, mediaType, size } = manifest;
    return { ...timeOf(observation, digest), kind: 'tag', digest, mediaType, size, ...look };
  }

  /** Null: no answer in time. */
  #lookUntilFound(observation: Deferred): Promise<Found | null> {
    const { clock } = this.#options;
    const deadline = { clock, timeoutMs: giveUpAfterMs, signal: this.#stop.signal };
    return within(
      deadline,
      (patience) => this.#lookAgain(observation, patience),
      () => null,
    );
  }

  async #lookAgain(observation: Deferred, patience: AbortSignal): Promise<Found | null> {
    const { clock, random } = this.#options;
    for (let attempt = 0; !patience.aborted; attempt += 1) {
      const { answer, sentAt } = await this.#heads.look(observation);
      if (answer === 'unconfigured') return null;
      if (typeof answer === 'object') return { manifest: answer, sentAt };
      if (answer === 'gone' && !isIncomplete(observation)) return { manifest: null, sentAt };
      const delayMs = retryDelaysMs[attempt];
      if (delayMs === undefined) return null;
      await clock.sleep(delayMs * (0.75 + random() / 2), patience);
    }
    return null;
  }
}

/** Whether it is a tag without digest; else it is a webhook of unsure time. */
function isIncomplete(observation: Deferred): observation is TagObserved {
  return observation.kind === 'tag' && observation.digest === null;
}

function resultOf(observation: Deferred, seen: Found | null): string {
  if (isIncomplete(observation)) return seen === null ? 'no_digest' : 'completed';
  return seen === null ? 'believed' : 'looked';
}

/** Keeps the sender's time if the HEAD saw that very push; else the change happened at the look. */
function timeOf(
  observation: Deferred,
  digest: Manifest['digest'],
): Omit<TagObserved, 'kind' | keyof Manifest> {
  const { registry, repository, tag, origin } = observation;
  const { saidAt, occurredAt, keptAt } = observation;
  const isThePush = observation.kind === 'tag' && (observation.digest ?? digest) === digest;
  return {
    ...{ registry, repository, tag, origin },
    ...(keptAt === undefined ? {} : { keptAt }),
    ...(isThePush && saidAt !== undefined ? { saidAt } : {}),
    ...(isThePush && occurredAt !== undefined ? { occurredAt } : {}),
  };
}

/**
 * The webhook as it came, as of when it was kept. Only time tells two tags without digest apart, and senders
 * repeat themselves within seconds: a registry's hook counts once per tag and minute. Kind `manifeed` is taken at
 * its word.
 */
function asItCame(observation: Deferred): Observation {
  if (!isIncomplete(observation)) return { ...observation, dedupeKey: null };
  const { origin, registry, repository, tag } = observation;
  if (!origin.startsWith('webhook:')) return { ...observation, dedupeKey: null };
  const dedupeKey = `${origin}:null:${registry}/${repository}:${tag}`;
  return { ...observation, dedupeKey, dedupeWindowMs: nullWindowMs };
}
