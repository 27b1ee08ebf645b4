import { type Clock, lookMs, Stopwatch } from '../clock.ts';
import { FeedError } from '../feed-error.ts';

/** A connection is dead after this many heartbeats without a message (PROTOCOL.md, sections 4 and 5). */
const silentBeats = 3;
/** The same before the gateway has said how often its heart beats, ms. */
export const silentStartMs = 60_000;

/**
 * Notices a connection from which nothing comes any more: nobody closes it while a cable is out or a laptop sleeps.
 * After a sleep it does not wait again.
 */
export class Silence {
  readonly #clock: Clock;
  readonly #onDead: (error: FeedError) => void;
  readonly #watch: Stopwatch;
  #limitMs: number;
  #silentMs = 0;
  #heard = false;
  #paused = false;
  #cancel: () => void;

  /** @param onDead called once */
  constructor(clock: Clock, limitMs: number, onDead: (error: FeedError) => void) {
    this.#clock = clock;
    this.#onDead = onDead;
    this.#limitMs = limitMs;
    this.#watch = new Stopwatch(clock);
    this.#cancel = this.#again();
  }

  /** From now on the connection may be silent for that long. @param heartbeatMs 0: unknown */
  expect(heartbeatMs: number): void {
    this.#limitMs = heartbeatMs > 0 ? heartbeatMs * silentBeats : silentStartMs;
    this.#cancel();
    this.#cancel = this.#again();
  }

  /** Something came. Called for each message, so it does next to nothing. */
  hear(): void {
    this.#heard = true;
  }

  /** While the client itself does not read, silence means nothing. */
  pause(isPaused: boolean): void {
    this.#paused = isPaused;
    this.#heard = true;
  }

  stop(): void {
    this.#cancel();
  }

  #again(): () => void {
    return this.#clock.after(Math.min(lookMs, this.#limitMs), () => this.#look());
  }

  #look(): void {
    const passed = this.#watch.lap();
    this.#silentMs = this.#heard ? 0 : this.#silentMs + passed;
    // What came before a sleep says nothing about the time after it.
    const slept = passed >= this.#limitMs + lookMs;
    this.#heard = false;
    if (!this.#paused && (slept || this.#silentMs >= this.#limitMs))
      this.#onDead(new FeedError('TIMEOUT', 'read messages: nothing came for too long'));
    else this.#cancel = this.#again();
  }
}
