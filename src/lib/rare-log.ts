import { BoundedMap } from './bounded-map.ts';
import type { Clock } from './clock.ts';
import type { Log } from './log.ts';

/** Most keys. Beyond it the oldest is forgotten, and may be logged early. */
const maxKeys = 1_000;

/** Limits log lines that outsiders could cause thousands of times a second. */
export class RareLog {
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #everyMs: number;
  readonly #entries = new BoundedMap<string, { at: number; suppressed: number }>(maxKeys);

  /** @param everyMs each key is logged at most once in this time; the next line counts the suppressed ones */
  constructor(log: Log, clock: Clock, everyMs = 60_000) {
    this.#log = log;
    this.#clock = clock;
    this.#everyMs = everyMs;
  }

  warn(key: string, fields: object, message: string): void {
    this.#write('warn', key, fields, message);
  }

  error(key: string, fields: object, message: string): void {
    this.#write('error', key, fields, message);
  }

  #write(level: 'warn' | 'error', key: string, fields: object, message: string): void {
    const now = this.#clock.monotonic();
    const entry = this.#entries.get(key);
    if (entry !== undefined && now - entry.at < this.#everyMs) {
      entry.suppressed += 1;
      return;
    }
    this.#entries.renew(key, { at: now, suppressed: 0 });
    this.#log[level]({ ...fields, suppressed: entry?.suppressed ?? 0 }, message);
  }
}
