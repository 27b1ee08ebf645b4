import type { Clock } from './clock.ts';
import type { Log } from './log.ts';

/** One line a minute for each thing that goes wrong; what came between is counted in the next one. */
const everyMs = 60_000;
/** Things kept apart at most; beyond it the oldest is forgotten, and may be logged once more. */
const maxKeys = 1_000;

/** Logs what a bad upstream may do thousands of times a second, once in a while. */
export class RareLog {
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #entries = new Map<string, { at: number; suppressed: number }>();

  constructor(log: Log, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  warn(key: string, fields: object, message: string): void {
    const now = this.#clock.monotonic();
    const entry = this.#entries.get(key);
    if (entry !== undefined && now - entry.at < everyMs) {
      entry.suppressed += 1;
      return;
    }
    this.#entries.delete(key);
    const oldest = this.#entries.keys().next();
    if (this.#entries.size >= maxKeys && oldest.done !== true) this.#entries.delete(oldest.value);
    this.#entries.set(key, { at: now, suppressed: 0 });
    this.#log.warn({ ...fields, suppressed: entry?.suppressed ?? 0 }, message);
  }
}
