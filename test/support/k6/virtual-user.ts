/**
 * The stand-in for k6's virtual users, so that the k6 scripts run under vitest. (k6 is a Go program that npm does
 * not install.) As in k6, an iteration lasts until its timers and sockets are done.
 */
import { AsyncLocalStorage } from 'node:async_hooks';

export class VirtualUser {
  readonly scenario: string;
  readonly stop: AbortSignal;
  /** When the scenario began, ms since the epoch. */
  readonly startTime: number;
  #held = 0;
  #idle: () => void = () => {};

  /** @param stop aborts when the scenario's time is over, which ends sockets and timers */
  constructor(scenario: string, stop: AbortSignal, startTime: number) {
    this.scenario = scenario;
    this.stop = stop;
    this.startTime = startTime;
  }

  /** Keeps the iteration alive until the returned function is called (idempotent). */
  hold(): () => void {
    this.#held += 1;
    let released = false;
    return () => {
      if (released) return;
      released = true;
      this.#held -= 1;
      if (this.#held === 0) this.#idle();
    };
  }

  /** Runs one iteration to its end. */
  async iterate(run: () => unknown): Promise<void> {
    const idle = new Promise<void>((resolve) => {
      this.#idle = resolve;
    });
    const release = this.hold();
    await current.run(this, async () => run());
    release();
    await idle;
  }
}

const current = new AsyncLocalStorage<VirtualUser>();

export function currentUser(): VirtualUser {
  const user = current.getStore();
  if (user === undefined) throw new Error('run k6 script: called outside of a virtual user');
  return user;
}

/** The name of the scenario, for metrics, which `setup` may use too. */
export function currentScenario(): string {
  return current.getStore()?.scenario ?? '';
}
