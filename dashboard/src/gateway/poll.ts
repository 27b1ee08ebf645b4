/** One question that is asked again and again, while somebody looks. */
import { type ReadonlySignal, signal } from '@preact/signals';
import type { Clock } from '../../../client/src/index.ts';
import { retryMsOf } from './retry.ts';

/** What is known of an answer. */
export interface Answer<T> {
  /** The newest; null: none came yet. */
  readonly value: T | null;
  /** When it came, ms since the epoch. */
  readonly at: number | null;
  /** Why the last attempt failed; null: it did not. The value before it stays. */
  readonly error: Error | null;
  /** When it is asked again after a failure, ms since the epoch. Null: there was none, or trying again is no use. */
  readonly retryAt: number | null;
}

/** Whether anybody can see the page. */
export interface Visibility {
  readonly isVisible: boolean;
  /** Calls back when that changes. Returns an idempotent stop. */
  on(listener: () => void): () => void;
}

export interface PollParts<T> {
  /** Rejects with a FeedError, or with what the reader of the answer throws. */
  readonly ask: (signal: AbortSignal) => Promise<T>;
  /** Between two answers, ms. Null: once. */
  readonly everyMs: number | null;
  readonly clock: Clock;
  readonly visibility: Visibility;
}

const nothing = { value: null, at: null, error: null, retryAt: null };

/** Asks at once, then regularly. A hidden page asks nothing, and catches up when it is looked at again. */
export class Poll<T> {
  readonly #parts: PollParts<T>;
  readonly #answer = signal<Answer<T>>(nothing);
  readonly #unwatch: () => void;
  #running: AbortController | null = null;
  #cancel = () => {};
  #dueAt: number | null;
  #failures = 0;
  #isClosed = false;

  constructor(parts: PollParts<T>) {
    this.#parts = parts;
    this.#dueAt = parts.clock.now();
    this.#unwatch = parts.visibility.on(() => this.#plan());
    this.#plan();
  }

  get answer(): ReadonlySignal<Answer<T>> {
    return this.#answer;
  }

  /** Asks now, unless it is being asked. */
  reload(): void {
    this.#dueAt = this.#parts.clock.now();
    this.#plan();
  }

  /** Ends it. Idempotent. */
  close(): void {
    this.#isClosed = true;
    this.#cancel();
    this.#unwatch();
    this.#running?.abort();
  }

  #plan(): void {
    this.#cancel();
    const { clock, visibility } = this.#parts;
    if (this.#isClosed || this.#running !== null || this.#dueAt === null || !visibility.isVisible) return;
    const wait = this.#dueAt - clock.now();
    if (wait <= 0) void this.#ask();
    else this.#cancel = clock.after(wait, () => this.#plan());
  }

  async #ask(): Promise<void> {
    const { ask, clock, everyMs } = this.#parts;
    const running = new AbortController();
    this.#running = running;
    this.#dueAt = null;
    try {
      const value = await ask(running.signal);
      if (this.#isClosed) return;
      this.#failures = 0;
      this.#answer.value = { value, at: clock.now(), error: null, retryAt: null };
      if (everyMs !== null) this.#dueAt ??= clock.now() + everyMs;
    } catch (cause) {
      if (this.#isClosed) return;
      const error = cause instanceof Error ? cause : new Error(String(cause));
      const retryAt = mayRetry(error) ? clock.now() + retryMsOf(error, this.#failures++) : null;
      this.#answer.value = { ...this.#answer.value, error, retryAt };
      this.#dueAt ??= retryAt;
    } finally {
      this.#running = null;
      this.#plan();
    }
  }
}

/** What is no refusal may be over soon: a proxy's page, an answer that was cut. */
function mayRetry(error: Error): boolean {
  return !('retryable' in error) || error.retryable === true;
}
