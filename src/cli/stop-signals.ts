/**
 * Handles SIGTERM and SIGINT from the first moment: without a handler the kernel drops both for PID 1 (a
 * container's program). So this module imports nothing, and `main.ts` loads everything else after it.
 */
export type StopSignal = 'SIGTERM' | 'SIGINT';

/** The shell's exit codes for these signals: 128 plus the signal's number (POSIX.1-2024, XCU 2.8.2). */
export const exitCodeOf = { SIGTERM: 143, SIGINT: 130 } as const;

/**
 * npm and npx pass Ctrl-C on to their child, to which the terminal has sent it already: within this time, in seconds,
 * the same signal counts once. Otherwise one Ctrl-C would count as the second signal, which stops at once.
 */
const echoSeconds = 0.2;

interface SignalSource {
  on(signal: StopSignal, listener: (signal: StopSignal) => void): unknown;
  exit(code: number): void;
  /** Seconds since the process started. */
  uptime(): number;
}

/** Until `handle` is called, a signal ends the process at once, as it would without a handler. */
export class StopSignals {
  #listener: (signal: StopSignal) => void;

  constructor(source: SignalSource) {
    this.#listener = (signal) => source.exit(exitCodeOf[signal]);
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      let heardAt = Number.NEGATIVE_INFINITY;
      source.on(signal, () => {
        const now = source.uptime();
        if (now - heardAt < echoSeconds) return;
        heardAt = now;
        this.#listener(signal);
      });
    }
  }

  /** Passes the signals to `listener` from now on, and to nothing else. */
  handle(listener: (signal: StopSignal) => void): void {
    this.#listener = listener;
  }
}
