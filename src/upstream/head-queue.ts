import type { Digest } from '../event/digest.ts';
import type { Deferred } from '../event/observation.ts';
import type { Clock } from '../lib/clock.ts';
import { within } from '../lib/deadline.ts';

/** What a tag points at. */
export interface Manifest {
  readonly digest: Digest;
  readonly mediaType: string | null;
  /** Bytes of the manifest. */
  readonly size: number | null;
}

/** `gone`: the registry has no such tag (yet). `unconfigured`: no such registry is configured. */
export type HeadAnswer = Manifest | 'gone' | 'unreachable' | 'unconfigured';

/** Asks a registry for one tag. The poller implements it. */
export interface TagSource {
  /** Must not reject, whatever the registry does. `signal` aborts when nobody waits any more. */
  head(registry: string, repository: string, tag: string, signal: AbortSignal): Promise<HeadAnswer>;
}

/** A look at a tag. */
export interface Seen {
  readonly answer: HeadAnswer;
  /** When the HEAD was sent, monotonic ms: what it saw was true then or later. */
  readonly sentAt: number;
}

export const maxHeadsPerRegistry = 4;
/** A HEAD that takes longer counts as unreachable. */
export const headTimeoutMs = 4_000;

interface RegistryQueue {
  active: number;
  /** By repository and tag, in order of arrival. `Completion` bounds its size. */
  readonly queued: Map<string, Entry>;
  /** Tags whose HEAD is under way. The next HEAD for such a tag waits: it must start after its webhook came. */
  readonly underWay: Set<string>;
}

interface Entry {
  readonly observation: Deferred;
  readonly result: Promise<Seen>;
  readonly resolve: (seen: Seen) => void;
}

/** HEADs for webhook completions: few at a time per registry, and one for all who wait for the same tag. */
export class HeadQueue {
  readonly #source: TagSource;
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  readonly #registries = new Map<string, RegistryQueue>();

  /** @param signal ends every HEAD, running or queued */
  constructor(source: TagSource, clock: Clock, signal: AbortSignal) {
    this.#source = source;
    this.#clock = clock;
    this.#signal = signal;
  }

  /** Resolves with a look that starts after this call. Never rejects. */
  look(observation: Deferred): Promise<Seen> {
    const queue = this.#queueOf(observation.registry);
    const key = `${observation.repository}:${observation.tag}`;
    const queued = queue.queued.get(key);
    if (queued !== undefined) return queued.result;
    const { promise, resolve } = Promise.withResolvers<Seen>();
    queue.queued.set(key, { observation, result: promise, resolve });
    this.#advance(observation.registry, queue);
    return promise;
  }

  #queueOf(registry: string): RegistryQueue {
    const known = this.#registries.get(registry);
    if (known !== undefined) return known;
    const queue: RegistryQueue = { active: 0, queued: new Map(), underWay: new Set() };
    this.#registries.set(registry, queue);
    return queue;
  }

  #advance(registry: string, queue: RegistryQueue): void {
    for (const [key, entry] of queue.queued) {
      if (queue.active >= maxHeadsPerRegistry) return;
      if (queue.underWay.has(key)) continue;
      queue.queued.delete(key);
      queue.underWay.add(key);
      queue.active += 1;
      void this.#send(entry.observation).then((seen) => {
        queue.active -= 1;
        queue.underWay.delete(key);
        entry.resolve(seen);
        if (queue.active === 0 && queue.queued.size === 0) this.#registries.delete(registry);
        else this.#advance(registry, queue);
      });
    }
  }

  async #send({ registry, repository, tag }: Deferred): Promise<Seen> {
    const sentAt = this.#clock.monotonic();
    const deadline = { clock: this.#clock, timeoutMs: headTimeoutMs, signal: this.#signal };
    const unreachable = () => 'unreachable' as const;
    // A source that ignores its signal must not hold the place: `within` stops waiting for it.
    const asked = within(
      deadline,
      (signal) => this.#source.head(registry, repository, tag, signal),
      unreachable,
    );
    return { answer: await asked.catch(unreachable), sentAt };
  }
}
