import type { TailEvent } from './ledger.ts';

/** Who listens to a ledger's tail. */
export class Tails {
  readonly #listeners = new Set<(event: TailEvent) => void>();

  /** Returns an idempotent stop. */
  add(listener: (event: TailEvent) => void): () => void {
    // A wrapper, so that the same function given twice is two listeners and each stop stops its own.
    const own = (event: TailEvent) => listener(event);
    this.#listeners.add(own);
    return () => {
      this.#listeners.delete(own);
    };
  }

  /**
   * Tells every listener. One that throws is a defect that ends the process; it must not look like a failed
   * `record`, whose changes are durable by now.
   */
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
