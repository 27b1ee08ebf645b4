/** What ends a wait before its time: `reconnect`, and in a page the network or the tab coming back. */
import { type Child, childOf } from '../abort.ts';

/** Tells when a wait may end. Returns an idempotent stop. */
export type WakeUps = (wake: () => void) => () => void;

/** As much of a page as is needed to hear of it. */
interface Page {
  readonly document?: { readonly visibilityState: string } & Target;
  addEventListener?(type: string, listener: () => void): void;
  removeEventListener?(type: string, listener: () => void): void;
}

interface Target {
  addEventListener(type: string, listener: () => void): void;
  removeEventListener(type: string, listener: () => void): void;
}

/** The wake-ups of a page: `online`, and a tab that is looked at again. Elsewhere there are none. */
export function pageWakeUps(page: Page = runtimePage()): WakeUps {
  return (wake) => {
    const { document } = page;
    if (document === undefined) return () => {};
    const onShown = () => {
      if (document.visibilityState === 'visible') wake();
    };
    page.addEventListener?.('online', wake);
    document.addEventListener('visibilitychange', onShown);
    return () => {
      page.removeEventListener?.('online', wake);
      document.removeEventListener('visibilitychange', onShown);
    };
  };
}

function runtimePage(): Page {
  const runtime: Page & { readonly URL: unknown } = globalThis;
  return runtime;
}

/** The waits that may be ended together. It listens only while there are streams. */
export class Bell {
  readonly #wakeUps: WakeUps;
  readonly #waits = new Set<Child>();
  #streams = 0;
  #stop = () => {};

  constructor(wakeUps: WakeUps) {
    this.#wakeUps = wakeUps;
  }

  /** Ends all waits. */
  ring(): void {
    for (const each of this.#waits) each.end();
  }

  /** A stream begins. */
  enter(): void {
    if (this.#streams++ === 0) this.#stop = this.#wakeUps(() => this.ring());
  }

  /** A stream has ended. */
  leave(): void {
    if (--this.#streams === 0) this.#stop();
  }

  /** Runs a wait with a signal that aborts when the bell rings, or with `signal`. */
  async during(signal: AbortSignal, run: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const child = childOf(signal);
    this.#waits.add(child);
    await run(child.signal);
    this.#waits.delete(child);
    child.end();
  }
}
