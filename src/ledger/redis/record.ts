import { ManifeedError } from '../../errors.ts';
import type { Observation } from '../../event/observation.ts';
import { encodeForLua } from '../../redis/reply.ts';
import { aged } from '../aged.ts';
import type { Recorded } from '../ledger.ts';
import type { RecordReply } from './codec.ts';
import { withSum } from './sum.ts';

interface Waiting {
  readonly observations: readonly Observation[];
  readonly settles: readonly string[];
  /** Monotonic ms. */
  readonly since: number;
  readonly resolve: (recorded: Recorded) => void;
  readonly reject: (error: unknown) => void;
}

export interface RecordQueueOptions {
  /** Sends one group, encoded as the script takes it. */
  readonly commit: (calls: string) => Promise<RecordReply>;
  /** Observations that wait at most; over it calls are refused. */
  readonly maxWaiting: number;
  /** Observations in one group; a single larger call goes alone. Default 256: a script of some 5 ms. */
  readonly maxGroup?: number;
  /** Groups under way. Default 2: one is carried out while the next travels. */
  readonly maxInFlight?: number;
  /** ms; for the ages of looks, which grow while they wait. Default `performance.now`. */
  readonly monotonic?: () => number;
}

/**
 * Puts calls made at the same time into one script call. Under load the groups grow by themselves, because calls
 * gather while the groups before are under way; an idle ledger sends at once.
 */
export class RecordQueue {
  readonly #options: Required<RecordQueueOptions>;
  readonly #calls: Waiting[] = [];
  #waiting = 0;
  #inFlight = 0;
  #scheduled = false;
  #closed = false;
  #onIdle: (() => void) | null = null;

  constructor(options: RecordQueueOptions) {
    this.#options = { maxGroup: 256, maxInFlight: 2, monotonic: () => performance.now(), ...options };
  }

  /** @throws UNAVAILABLE when too many wait, when the queue is closed and when the commit fails */
  add(observations: readonly Observation[], settles: readonly string[]): Promise<Recorded> {
    const { maxWaiting } = this.#options;
    // The script would stop at it, and with it everyone's observations of the same group.
    const timeless = observations.find(({ ageMs = 0, saidAt = 0 }) => !Number.isFinite(ageMs + saidAt));
    if (timeless !== undefined) {
      const { ageMs, saidAt } = timeless;
      const message = `record observations: ageMs ${ageMs}, saidAt ${saidAt}: must be finite, in ms`;
      return Promise.reject(new ManifeedError('INTERNAL', message));
    }
    if (this.#closed)
      return Promise.reject(refuse('record observations: the ledger is closed: must be open'));
    if (this.#waiting + observations.length > maxWaiting) {
      const state = `${this.#waiting} wait and ${observations.length} more came`;
      return Promise.reject(refuse(`record observations: ${state}: must be at most ${maxWaiting}`));
    }
    this.#waiting += observations.length;
    return new Promise((resolve, reject) => {
      const since = this.#options.monotonic();
      this.#calls.push({ observations, settles, since, resolve, reject });
      this.#schedule();
    });
  }

  /** Refuses new calls and waits for those under way. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#inFlight === 0 && this.#calls.length === 0) return;
    await new Promise<void>((resolve) => {
      this.#onIdle = resolve;
    });
  }

  /** One microtask later, so that all calls of this turn of the event loop share a group. */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      while (this.#calls.length > 0 && this.#inFlight < this.#options.maxInFlight) void this.#commitGroup();
    });
  }

  async #commitGroup(): Promise<void> {
    const group = this.#takeGroup();
    this.#inFlight += 1;
    try {
      const now = this.#options.monotonic();
      const calls = group.map(({ observations, settles, since }) => ({
        o: aged(observations, now - since).map(withSum),
        s: settles,
      }));
      deliver(group, await this.#options.commit(encodeForLua(calls)));
    } catch (error) {
      for (const call of group) call.reject(error);
    } finally {
      this.#inFlight -= 1;
      if (this.#calls.length > 0) this.#schedule();
      else if (this.#inFlight === 0) this.#onIdle?.();
    }
  }

  #takeGroup(): Waiting[] {
    let size = 0;
    let count = 0;
    for (const call of this.#calls) {
      if (count > 0 && size + call.observations.length > this.#options.maxGroup) break;
      size += call.observations.length;
      count += 1;
      // Calls without observations still cost a turn of the script.
      if (count === this.#options.maxGroup) break;
    }
    this.#waiting -= size;
    return this.#calls.splice(0, count);
  }
}

function deliver(group: readonly Waiting[], reply: RecordReply): void {
  let from = 0;
  group.forEach((call, i) => {
    const to = from + (reply.counts[i] ?? 0);
    call.resolve({ outcomes: reply.outcomes[i] ?? [], changes: reply.changes.slice(from, to) });
    from = to;
  });
}

function refuse(message: string): ManifeedError {
  return new ManifeedError('UNAVAILABLE', message);
}
