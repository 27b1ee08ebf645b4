/**
 * SIGTERM and SIGINT from the process's first moment on. The kernel drops both for PID 1, as a container's
 * program is without an init, for as long as it has no handler. So this module imports nothing, and `main.ts`
 * loads all the rest after it.
 */
export type StopSignal = 'SIGTERM' | 'SIGINT';

/** As the shell numbers an end by signal: 128 and the signal's number (POSIX.1-2024, XCU 2.8.2). */
const exitCodeOf = { SIGTERM: 143, SIGINT: 130 } as const;

/** What of `process` is needed. */
export interface SignalSource {
  on(signal: StopSignal, listener: (signal: StopSignal) => void): unknown;
  exit(code: number): void;
}

/** Until somebody handles them, a signal ends the process at once, as it would without a handler. */
export class StopSignals {
  #listener: (signal: StopSignal) => void;

  constructor(source: SignalSource) {
    this.#listener = (signal) => source.exit(exitCodeOf[signal]);
    const hear = (signal: StopSignal) => this.#listener(signal);
    source.on('SIGTERM', hear);
    source.on('SIGINT', hear);
  }

  /** From now on `listener` hears every signal, and nobody else. */
  handle(listener: (signal: StopSignal) => void): void {
    this.#listener = listener;
  }
}
