import type { TailEvent } from './ledger.ts';

/** The listeners of a ledger in this process. */
export class Tails {
  readonly #listeners = new Set<(event: TailEvent) => void>();

  /** Returns an idempotent stop. */
  add(listener: (event: TailEvent) => void): () => void {
    // A wrapper, so that a function added twice is two listeners, and each stop removes its own.
    const own = (event: TailEvent) => listener(event);
    this.#listeners.add(own);
    return () => {
      this.#listeners.delete(own);
    };
  }

  /** A listener that throws is a defect, which ends the process: it must not look like a failed `record`. */
  emit(event: TailEvent): void {
    for (const listener of this.#listeners)
      try {
        listener(event);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
  }

  clear(): void {
    this.#listeners.clear();
  }
}
