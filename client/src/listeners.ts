/** Who wants to hear of something. */
export class Listeners<T> {
  readonly #all = new Set<(value: T) => void>();

  /** A listener that is added twice is called twice. Returns an idempotent stop. */
  add(listener: (value: T) => void): () => void {
    const own = (value: T) => listener(value);
    this.#all.add(own);
    return () => void this.#all.delete(own);
  }

  /** What a listener throws reaches the runtime's own handler, and disturbs no stream. */
  tell(value: T): void {
    for (const listener of this.#all) {
      try {
        listener(value);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
