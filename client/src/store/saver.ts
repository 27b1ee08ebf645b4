import { FeedError } from '../feed-error.ts';
import type { PositionStore } from './store.ts';

/**
 * Saves positions one after the other. While one is being saved only the newest is remembered, so what is saved may
 * lag behind what is processed, never be ahead of it.
 */
export class Saver {
  readonly #store: PositionStore | null;
  #next: string | null = null;
  #saved: string | null = null;
  #isRunning = false;
  #running = Promise.resolve();
  #error: FeedError | null = null;

  constructor(store: PositionStore | null) {
    this.#store = store;
  }

  /** Why a position could not be saved. */
  get error(): FeedError | null {
    return this.#error;
  }

  /** The position to begin after; null: none was saved. @throws FeedError STORE */
  async load(): Promise<string | null> {
    try {
      return (await this.#store?.load()) ?? null;
    } catch (cause) {
      throw new FeedError('STORE', `load position: ${messageOf(cause)}`, { cause });
    }
  }

  /** Never throws: see `error`. */
  save(position: string): void {
    if (this.#store === null) return;
    this.#next = position;
    if (!this.#isRunning) this.#running = this.#saveAll(this.#store);
  }

  /** Resolves when everything is saved, or could not be. */
  idle(): Promise<void> {
    return this.#running;
  }

  async #saveAll(store: PositionStore): Promise<void> {
    this.#isRunning = true;
    try {
      while (this.#next !== null && this.#error === null) {
        const position = this.#next;
        this.#next = null;
        if (position === this.#saved) continue;
        // Without a promise there is nothing to wait for, and the next event need not wait either.
        const saving = store.save(position);
        if (saving !== undefined) await saving;
        this.#saved = position;
      }
    } catch (cause) {
      this.#error = new FeedError('STORE', `save position: ${messageOf(cause)}`, { cause });
    } finally {
      this.#isRunning = false;
    }
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
