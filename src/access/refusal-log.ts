import type { ErrorCode } from '../errors.ts';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';

/** One client that was refused. */
export interface Refusal {
  readonly code: ErrorCode;
  /** Without secrets. */
  readonly message: string;
  /** The client's address; behind trusted proxies, as they name it. */
  readonly address: string;
  /** What it asked for: `sse`, `websocket`, `http`. */
  readonly transport: string;
}

/** Lines for each code in a minute. */
export const linesPerMinute = 10;
const minuteMs = 60_000;

/**
 * Logs why clients are refused, because a browser does not tell the page. A stranger can be refused thousands of
 * times a second, so each code has some lines a minute; the first line of the next minute says how many were left
 * out. Memory is bounded, because the codes are few.
 */
export class RefusalLog {
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #minutes = new Map<ErrorCode, { from: number; lines: number; suppressed: number }>();

  constructor(log: Log, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  /** A page that may not read its answer. @param why as `Origins.explain` says */
  foreignPage(why: string, address: string, transport: string): void {
    this.add({ code: 'ORIGIN_DENIED', message: `serve page: ${why}`, address, transport });
  }

  add({ code, message, address, transport }: Refusal): void {
    const now = this.#clock.monotonic();
    const last = this.#minutes.get(code);
    if (last !== undefined && now - last.from < minuteMs) {
      if (last.lines >= linesPerMinute) {
        last.suppressed++;
        return;
      }
      last.lines++;
      this.#log.info({ code, address, transport }, message);
      return;
    }
    this.#minutes.set(code, { from: now, lines: 1, suppressed: 0 });
    const suppressed = last?.suppressed ?? 0;
    this.#log.info({ code, address, transport, ...(suppressed > 0 ? { suppressed } : {}) }, message);
  }
}
