import type { Item } from './item.ts';

/** Where the changes go: lines, or commands. */
export interface Sink {
  /**
   * Takes one. Resolves when the next one may come.
   *
   * @param done to be called when everything that it asks for was done
   */
  take(item: Item, done: () => void): Promise<void>;
  /** Begins nothing more; what runs goes on. Idempotent. */
  stop(): void;
  /** Resolves when nothing is under way. */
  idle(): Promise<void>;
}
