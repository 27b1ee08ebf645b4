import type { Deferred, Observation, PendingObservation, TagObserved } from '../../event/observation.ts';
import type { Clock } from '../../lib/clock.ts';
import { within } from '../../lib/deadline.ts';
import type { Log } from '../../lib/log.ts';
import type { Metrics } from '../../lib/metrics.ts';
import type { Random } from '../../lib/random.ts';
import { HeadQueue, type Manifest, type TagSource } from '../../upstream/head-queue.ts';
import { PendingWork } from '../pending-work.ts';

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

/** From claim to giving up, ms. It includes the wait for a turn behind a hanging registry. */
export const giveUpAfterMs = 15_000;
/** Longer than `giveUpAfterMs`, or another gateway would waste a HEAD; after a crash, subscribers wait for it. */
export const leaseMs = 25_000;
/** Pauses between HEADs, ms, each ±25 %. */
const retryDelaysMs = [500, 1_500, 3_000, 5_000];
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
 * It never decides what is a change.
 */
export class Completion extends PendingWork<PendingObservation> {
  readonly #options: CompletionOptions;
  readonly #heads: HeadQueue;
  readonly #results;

  constructor(options: CompletionOptions) {
    super(options);
    this.#options = options;
    this.#heads = new HeadQueue(options.registries, options.clock, this.signal);
    this.#results = options.metrics.counter(
      'webhook_completions_total',
      'Tags that came without digest, by how they were completed',
      ['result'],
    );
  }

  protected claim(limit: number): Promise<readonly PendingObservation[]> {
    return this.#options.ledger.claimPending(limit, leaseMs);
  }

  protected failed(): void {
    this.#results.inc({ result: 'failed' });
  }

  protected async complete({ id, observation }: PendingObservation): Promise<void> {
    const seen = await this.#lookUntilFound(observation);
    if (seen === null && this.signal.aborted) return;
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
    const deadline = { clock, timeoutMs: giveUpAfterMs, signal: this.signal };
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
