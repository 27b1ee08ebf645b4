/** Why `manifeed watch` ends, and with which exit code. */
import { exitCodes } from '../command.ts';

/** `reader`: nobody reads standard output any more. `error`: it was told already. */
export type Reason = 'count' | 'reader' | 'SIGTERM' | 'SIGINT' | 'timeout' | 'command' | 'error';

const codes: Readonly<Record<Reason, number>> = {
  count: exitCodes.ok,
  reader: exitCodes.ok,
  SIGTERM: exitCodes.ok,
  // As shells and timeout(1) do.
  SIGINT: 130,
  timeout: 124,
  command: 3,
  error: exitCodes.failed,
};

export class Ending {
  readonly #controller = new AbortController();
  #reason: Reason | null = null;
  #hasFaults = false;

  /** Aborts when nothing more is to be read. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get isAsked(): boolean {
    return this.#reason !== null;
  }

  /** The first reason counts, but a command or an error that fails afterwards counts more than a calm end. */
  ask(reason: Reason): void {
    if (this.#reason === null || codes[this.#reason] === exitCodes.ok) this.#reason = reason;
    this.#controller.abort();
  }

  /** Something was missed or failed, but it goes on: a calm end then has exit code 1. */
  fault(): void {
    this.#hasFaults = true;
  }

  get code(): number {
    const code = codes[this.#reason ?? 'count'];
    return code === exitCodes.ok && this.#hasFaults ? exitCodes.failed : code;
  }
}
