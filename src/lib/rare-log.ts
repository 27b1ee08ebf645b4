import { BoundedMap } from './bounded-map.ts';
import type { Clock } from './clock.ts';
import type { Log } from './log.ts';

/** One line a minute for each thing that goes wrong; what came between is counted in the next one. */
const everyMs = 60_000;
/** Things kept apart at most; beyond it the oldest is forgotten, and may be logged once more. */
const maxKeys = 1_000;

/** Logs what others may cause thousands of times a second, once in a while. */
export class RareLog {
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #entries = new BoundedMap<string, { at: number; suppressed: number }>(maxKeys);

  constructor(log: Log, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
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
    if (entry !== undefined && now - entry.at < everyMs) {
      entry.suppressed += 1;
      return;
    }
    this.#entries.renew(key, { at: now, suppressed: 0 });
    this.#log[level]({ ...fields, suppressed: entry?.suppressed ?? 0 }, message);
  }
}
