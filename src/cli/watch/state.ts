/** The file of `--state`. */
import { fileStore } from '../../../client/src/node/index.ts';

/** Saves positions one after the other; while one is written, only the newest waits. */
export class StateFile {
  readonly #store: ReturnType<typeof fileStore>;
  readonly #onFault: (error: Error) => void;
  #next: string | null = null;
  #saved: string | null = null;
  #running: Promise<void> | null = null;

  /** @param onFault hears of a position that could not be saved */
  constructor(path: string, onFault: (error: Error) => void) {
    this.#store = fileStore(path);
    this.#onFault = onFault;
  }

  /** The position that was saved; null: none. Rejects if the file cannot be read, or holds something else. */
  async load(): Promise<string | null> {
    return (await this.#store.load()) ?? null;
  }

  save(position: string): void {
    this.#next = position;
    this.#running ??= this.#write().finally(() => {
      this.#running = null;
    });
  }

  /** Resolves when the newest position is in the file, or could not be written. */
  async idle(): Promise<void> {
    await this.#running;
  }

  async #write(): Promise<void> {
    try {
      for (let position = this.#next; position !== this.#saved && position !== null; position = this.#next) {
        await this.#store.save(position);
        this.#saved = position;
      }
    } catch (error) {
      this.#onFault(error instanceof Error ? error : new Error(String(error)));
    }
  }
}
