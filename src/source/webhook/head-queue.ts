/**
 * HEADs that complete webhooks: few at a time per registry, so that one that hangs holds up no other, and one
 * for all who wait for the same tag.
 */
import type { Digest } from '../../event/digest.ts';
import type { Deferred } from '../../event/observation.ts';
import type { Clock } from '../../lib/clock.ts';

export interface Manifest {
  readonly digest: Digest;
  readonly mediaType: string | null;
  readonly size: number | null;
}

/** `gone`: the registry has no such tag (yet). `unconfigured`: there is no such registry here to ask. */
export type HeadAnswer = Manifest | 'gone' | 'unreachable' | 'unconfigured';

/** Must not throw for what a registry does; `signal` aborts when nobody waits any more. */
export type Head = (
  registry: string,
  repository: string,
  tag: string,
  signal: AbortSignal,
) => Promise<HeadAnswer>;

export interface Seen {
  readonly answer: HeadAnswer;
  /** When the HEAD was sent, monotonic ms: what it saw was so then or later. */
  readonly sentAt: number;
}

/** HEADs under way per registry. */
export const maxHeadsPerRegistry = 4;
/** A HEAD that takes longer counts as unreachable. */
export const headTimeoutMs = 4_000;

interface Lane {
  active: number;
  /** By tag; insertion order is the queue. Bounded by those who wait, whom `Completion` bounds. */
  readonly queued: Map<string, Entry>;
  /** Tags whose HEAD is under way: another one for them waits, since it has to start after its webhook came. */
  readonly underWay: Set<string>;
}

interface Entry {
  readonly observation: Deferred;
  readonly result: Promise<Seen>;
  readonly resolve: (seen: Seen) => void;
}

export class HeadQueue {
  readonly #head: Head;
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  readonly #lanes = new Map<string, Lane>();

  /** @param signal ends every HEAD, under way or to come */
  constructor(head: Head, clock: Clock, signal: AbortSignal) {
    this.#head = head;
    this.#clock = clock;
    this.#signal = signal;
  }

  /** A look that starts after this call. Never rejects. */
  look(observation: Deferred): Promise<Seen> {
    const lane = this.#laneOf(observation.registry);
    const key = `${observation.repository}:${observation.tag}`;
    const queued = lane.queued.get(key);
    if (queued !== undefined) return queued.result;
    const { promise, resolve } = Promise.withResolvers<Seen>();
    lane.queued.set(key, { observation, result: promise, resolve });
    this.#advance(observation.registry, lane);
    return promise;
  }

  #laneOf(registry: string): Lane {
    const known = this.#lanes.get(registry);
    if (known !== undefined) return known;
    const lane: Lane = { active: 0, queued: new Map(), underWay: new Set() };
    this.#lanes.set(registry, lane);
    return lane;
  }

  #advance(registry: string, lane: Lane): void {
    for (const [key, entry] of lane.queued) {
      if (lane.active >= maxHeadsPerRegistry) return;
      if (lane.underWay.has(key)) continue;
      lane.queued.delete(key);
      lane.underWay.add(key);
      lane.active += 1;
      void this.#send(entry.observation).then((seen) => {
        lane.active -= 1;
        lane.underWay.delete(key);
        entry.resolve(seen);
        if (lane.active === 0 && lane.queued.size === 0) this.#lanes.delete(registry);
        else this.#advance(registry, lane);
      });
    }
  }

  async #send({ registry, repository, tag }: Deferred): Promise<Seen> {
    const signal = this.#signal;
    const sentAt = this.#clock.monotonic();
    const { promise: tooLate, resolve: expire } = Promise.withResolvers<'unreachable'>();
    const timeout = new AbortController();
    const give = () => {
      timeout.abort();
      expire('unreachable');
    };
    const cancel = this.#clock.after(headTimeoutMs, give);
    signal.addEventListener('abort', give, { once: true });
    if (signal.aborted) give();
    try {
      const asked = signal.aborted ? tooLate : this.#head(registry, repository, tag, timeout.signal);
      // An answer that never comes must not hold the place: what ignores its signal is left behind.
      return { answer: await Promise.race([asked, tooLate]), sentAt };
    } catch {
      return { answer: 'unreachable', sentAt };
    } finally {
      cancel();
      signal.removeEventListener('abort', give);
    }
  }
}
