import type { FeedEvent } from '../events.ts';
import type { Saver } from '../store/saver.ts';
import type { EventBuffer } from './buffer.ts';

/** What an iterator reads from, and how it ends that. */
export interface Source {
  readonly buffer: EventBuffer;
  /** Called once, at the first `next`. */
  start(): void;
  /** Ends the source. Idempotent. */
  stop(): void;
}

const over: IteratorResult<FeedEvent, undefined> = { done: true, value: undefined };

interface Waiter {
  readonly resolve: (result: IteratorResult<FeedEvent, undefined>) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Yields events. Asking for the next one says that the one before is processed: only then its position is saved. So
 * the event whose processing a `break` or an error interrupts comes again after a restart.
 */
export class EventIterator implements AsyncIterableIterator<FeedEvent, undefined> {
  readonly #source: Source;
  readonly #saver: Saver;
  #hasStarted = false;
  #isOver = false;
  /** The position of the event that is being processed. */
  #unsaved: string | null = null;
  #waiter: Waiter | null = null;

  constructor(source: Source, saver: Saver) {
    this.#source = source;
    this.#saver = saver;
    source.buffer.onEntry(() => this.#serve());
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Rejects with a FeedError if the gateway refuses for good, or a position could not be saved. */
  async next(): Promise<IteratorResult<FeedEvent, undefined>> {
    if (this.#waiter !== null) throw new TypeError('next: must be called after the call before has resolved');
    if (!this.#hasStarted && !this.#isOver) this.#source.start();
    this.#hasStarted = true;
    this.#save(this.#unsaved);
    this.#unsaved = null;
    const event = this.#take();
    if (event !== null) return { done: false, value: event };
    if (this.#isOver) return over;
    return new Promise((resolve, reject) => {
      this.#waiter = { resolve, reject };
      this.#serve();
      // A position that cannot be saved ends the stream, though nothing may come for long.
      void this.#saver.idle().then(() => this.#serve());
    });
  }

  /** Ends the stream. Resolves once the last position is saved. */
  async return(): Promise<IteratorResult<FeedEvent, undefined>> {
    this.#isOver = true;
    this.#source.stop();
    await this.#saver.idle();
    return over;
  }

  /** The next event; positions that come without one are saved on the way. */
  #take(): FeedEvent | null {
    if (this.#isOver || this.#saver.error !== null) return null;
    const { buffer } = this.#source;
    for (let entry = buffer.take(); entry !== undefined; entry = buffer.take()) {
      if (entry.event === null) this.#save(entry.resume);
      else {
        this.#unsaved = entry.resume;
        return entry.event;
      }
    }
    return null;
  }

  #save(position: string | null): void {
    if (position !== null) this.#saver.save(position);
  }

  /** Something came, or the end: serves who waits. */
  #serve(): void {
    const waiter = this.#waiter;
    if (waiter === null) return;
    const event = this.#take();
    const ended = this.#source.buffer.ended;
    if (event === null && ended === null && this.#saver.error === null) return;
    this.#waiter = null;
    if (event === null) void this.#finish(waiter, ended?.error ?? null);
    else waiter.resolve({ done: false, value: event });
  }

  async #finish({ resolve, reject }: Waiter, error: Error | null): Promise<void> {
    this.#isOver = true;
    this.#source.stop();
    await this.#saver.idle();
    const fault = error ?? this.#saver.error;
    if (fault === null) resolve(over);
    else reject(fault);
  }
}
