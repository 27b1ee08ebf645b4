/**
 * Handles SIGTERM and SIGINT from the first moment: without a handler the kernel drops both for PID 1 (a
 * container's program). So this module imports nothing, and `main.ts` loads everything else after it.
 */
export type StopSignal = 'SIGTERM' | 'SIGINT';

/** The shell's exit codes for these signals: 128 plus the signal's number (POSIX.1-2024, XCU 2.8.2). */
export const exitCodeOf = { SIGTERM: 143, SIGINT: 130 } as const;

interface SignalSource {
  on(signal: StopSignal, listener: (signal: StopSignal) => void): unknown;
  exit(code: number): void;
}

/** Until `handle` is called, a signal ends the process at once, as it would without a handler. */
export class StopSignals {
  #listener: (signal: StopSignal) => void;

  constructor(source: SignalSource) {
    this.#listener = (signal) => source.exit(exitCodeOf[signal]);
    const hear = (signal: StopSignal) => this.#listener(signal);
    source.on('SIGTERM', hear);
    source.on('SIGINT', hear);
  }

  /** Passes the signals to `listener` from now on, and to nothing else. */
  handle(listener: (signal: StopSignal) => void): void {
    this.#listener = listener;
  }
}
