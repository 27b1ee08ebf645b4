import type { Digest } from '../../event/digest.ts';
import type { LearnedPlatforms, Observation, TagObserved, Turn } from '../../event/observation.ts';
import type { Platforms } from '../../event/platform.ts';
import type { KnownTag, TagName } from '../../ledger/queries.ts';
import { within } from '../../lib/deadline.ts';
import type { Metrics } from '../../lib/metrics.ts';
import { PendingWork, type PendingWorkOptions } from '../pending-work.ts';
import type { Asked } from './manifests.ts';

/** The part of the ledger that turns need. */
interface TurnStore {
  claimTurns(limit: number, leaseMs: number): Promise<readonly Turn[]>;
  states(names: readonly TagName[]): Promise<readonly (KnownTag | null)[]>;
}

interface TurnOptions extends PendingWorkOptions {
  readonly ledger: TurnStore;
  /** Records observations and settles the pending ones of these ids, in one transaction. */
  readonly record: (
    observations: readonly Observation[],
    settles: readonly string[],
  ) => Promise<{ readonly outcomes: readonly string[] }>;
  readonly manifests: {
    platformsOf(asked: Asked, withinMs: number, signal: AbortSignal): Promise<Platforms | null>;
  };
  /** Longest time that a change waits for its platforms, from its arrival, ms. */
  readonly timeoutMs: number;
  readonly countOutcomes: (source: 'completion', outcomes: readonly string[]) => void;
  readonly metrics: Metrics;
}

/** Time beyond the timeout until another gateway takes over a turn, ms. */
export const leaseGraceMs = 2_000;

/** `nothing`: no platforms were asked for. `late`: not known in time. `stopped`: the gateway ends. */
type Learned = LearnedPlatforms | 'nothing' | 'late' | 'stopped';

/**
 * Completes the turns of tags: learns the platforms of what a tag points at, and of what it pointed at before, then
 * has the observation recorded. What is not known in time is recorded without. It never decides what is a change.
 */
export class Turns extends PendingWork<Turn> {
  readonly #options: TurnOptions;
  readonly #results;

  constructor(options: TurnOptions) {
    super(options);
    this.#options = options;
    this.#results = options.metrics.counter(
      'platform_lookups_total',
      'Changes that waited for their platforms, by what was learned',
      ['result'],
    );
  }

  protected claim(limit: number): Promise<readonly Turn[]> {
    return this.#options.ledger.claimTurns(limit, this.#options.timeoutMs + leaseGraceMs);
  }

  protected failed(): void {
    this.#results.inc({ result: 'failed' });
  }

  protected async complete({ id, observation, waitedMs }: Turn): Promise<void> {
    const { record, countOutcomes } = this.#options;
    const isAsked = observation.kind === 'tag' && observation.awaits === 'platforms';
    const learned = isAsked ? await this.#learnInTime(observation, waitedMs) : 'nothing';
    if (learned === 'stopped') return;
    const decided = { ...observation, dedupeKey: null, waited: true } as const;
    const completed = typeof learned === 'object' ? { ...decided, platforms: learned } : decided;
    countOutcomes('completion', (await record([completed], [id])).outcomes);
    if (isAsked) this.#results.inc({ result: resultOf(learned) });
    // The next one of its tag can be claimed now.
    this.wake();
  }

  #learnInTime(seen: TagObserved, waitedMs: number): Promise<Learned> {
    const { clock, timeoutMs } = this.#options;
    const leftMs = timeoutMs - waitedMs;
    if (leftMs <= 0) return Promise.resolve('late');
    return within(
      { clock, timeoutMs: leftMs, signal: this.signal },
      (signal): Promise<Learned> => this.#learn(seen, leftMs, signal).catch(() => 'late'),
      (why): Learned => (why === 'aborted' ? 'stopped' : 'late'),
    );
  }

  async #learn(seen: TagObserved, withinMs: number, signal: AbortSignal): Promise<Learned> {
    const { registry, repository, tag, digest, mediaType } = seen;
    const { ledger, manifests } = this.#options;
    const [row] = await ledger.states([{ registry, repository, tag }]);
    const had = row?.present === true ? row.digest : null;
    // It moved here already, or a digest is not known: there is nothing to compare.
    if (digest === null || digest === had) return 'nothing';
    const ask = (of: Digest, type: string | null) =>
      manifests.platformsOf({ registry, repository, digest: of, mediaType: type }, withinMs, signal);
    const platforms = await ask(digest, mediaType);
    if (platforms === null || had === null) return { platforms };
    return { platforms, before: { digest: had, platforms: await ask(had, row?.mediaType ?? null) } };
  }
}

function resultOf(learned: Exclude<Learned, 'stopped'>): string {
  if (typeof learned === 'string') return learned;
  const { platforms, before } = learned;
  return platforms === null || before?.platforms === null ? 'unknown' : 'learned';
}
