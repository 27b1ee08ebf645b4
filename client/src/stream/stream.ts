/** One stream from its beginning to its end, over as many connections as that takes. */
import { wait } from '../clock.ts';
import type { TransportChoice } from '../feed/choice.ts';
import type { StatusOf } from '../feed/status.ts';
import type { TokenSource } from '../feed/token.ts';
import type { Bell } from '../feed/wake-ups.ts';
import { FeedError } from '../feed-error.ts';
import type { Filter } from '../filter.ts';
import type { Ending, Transport, TransportName, TransportParts } from '../transport/transport.ts';
import { Backoff } from './backoff.ts';
import { EventBuffer } from './buffer.ts';
import { Progress } from './progress.ts';

/** What the streams of a feed share. */
export interface StreamParts extends TransportParts {
  readonly random: () => number;
  readonly token: TokenSource;
  readonly choice: TransportChoice;
  readonly bell: Bell;
  readonly transports: Readonly<Record<TransportName, Transport>>;
}

/** Where a stream begins. A promise, because a store may have to be asked. */
export interface Beginning {
  /** @throws FeedError STORE */
  after(): Promise<string | null>;
  /** RFC 3339, for a stream without a position. */
  readonly since: string | null;
}

export class Stream {
  readonly buffer = new EventBuffer();
  readonly #parts: StreamParts;
  readonly #filter: Filter;
  #status: StatusOf = { set: () => {}, leave: () => {} };
  readonly #over = new AbortController();
  readonly #backoff: Backoff;
  /** Whether a token that was refused was asked for again. */
  #hasAskedAgain = false;

  constructor(parts: StreamParts, filter: Filter) {
    this.#parts = parts;
    this.#filter = filter;
    this.#backoff = new Backoff(parts.clock, parts.random);
  }

  /** Ends the stream. Idempotent. */
  stop(): void {
    this.#over.abort();
    this.buffer.end(null);
  }

  /** Runs until `stop`, or until the gateway refuses for good: then the buffer ends with the error. Never rejects. */
  async run(beginning: Beginning, status: StatusOf): Promise<void> {
    const { bell } = this.#parts;
    this.#status = status;
    bell.enter();
    try {
      await this.#follow(await this.#begin(beginning));
      this.buffer.end(null);
    } catch (error) {
      this.buffer.end(toFeedError(error));
    }
    bell.leave();
    status.leave(this.buffer.ended?.error ?? null);
  }

  async #begin({ after, since }: Beginning): Promise<Progress> {
    const start = { after: (await after()) || null, since, snapshot: false };
    const isFresh = start.after === null && since === null;
    return new Progress(this.buffer, { ...start, snapshot: isFresh && this.#filter.snapshot === true });
  }

  async #follow(progress: Progress): Promise<void> {
    const { signal } = this.#over;
    while (!signal.aborted) {
      const loss = await this.#connect(progress);
      if (signal.aborted) return;
      if (loss === null) await this.buffer.room(signal);
      else await this.#waitAfter(loss);
    }
  }

  /** One connection. Returns what went wrong; null: nothing did, and the next one may follow as soon as there is room. */
  async #connect(progress: Progress): Promise<FeedError | null> {
    const { choice, transports, token } = this.#parts;
    const { signal } = this.#over;
    // Pages of rows can wait for the consumer, whatever it takes; a WebSocket would begin the snapshot again.
    const name = progress.isTooFast ? 'long-poll' : choice.current;
    this.#status.set({ state: 'connecting', transport: name });
    const connection = progress.connect(signal, this.#filter.snapshot === true, () => {
      this.#backoff.ready();
      this.#hasAskedAgain = false;
      choice.works(name);
      this.#status.set({ state: 'live', transport: name });
    });
    try {
      const ask = { filter: this.#filter, start: progress.start, token: await token.get(signal) };
      if (signal.aborted) return null;
      const ending = await transports[name](ask, connection, connection.signal);
      return this.#judge(ending, name, progress);
    } catch (error) {
      return toFeedError(error);
    } finally {
      connection.close();
    }
  }

  #judge(ending: Ending, name: TransportName, progress: Progress): FeedError | null {
    const restart = progress.takeRestart();
    if (restart !== undefined) return restart;
    if (ending.kind === 'lost') {
      if (ending.isBlocked) this.#parts.choice.isBlocked(name);
      return ending.error;
    }
    progress.overflow();
    return null;
  }

  /** @throws the error, if the same request cannot succeed */
  async #waitAfter(error: FeedError): Promise<void> {
    const { bell, clock, token } = this.#parts;
    const asksAgain = error.code === 'UNAUTHORIZED' && token.canChange && !this.#hasAskedAgain;
    if (!asksAgain && !error.retryable) throw error;
    this.#hasAskedAgain ||= asksAgain;
    const delayMs = this.#backoff.next(error);
    this.#status.set({ state: 'waiting', untilMs: clock.now() + delayMs, why: error });
    await bell.during(this.#over.signal, (signal) => wait(clock, delayMs, signal));
  }
}

function toFeedError(error: unknown): FeedError {
  if (error instanceof FeedError) return error;
  // Not the gateway's fault, and not the network's: a part of the runtime that was replaced has thrown.
  return new FeedError('PROTOCOL', `follow: ${error instanceof Error ? error.message : String(error)}`, {
    ...{ retryable: false, cause: error },
  });
}
