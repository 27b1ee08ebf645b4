import type { PositionStore } from './store.ts';

/** As much of `localStorage` as is used. */
export interface KeyedStorage {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
}

/**
 * Keeps the position in a page's `localStorage`. Two tabs with the same key overwrite each other's position: give each
 * its own, or let one tab follow.
 *
 * @param key of the entry
 * @param storage default: the page's `localStorage`
 */
export function localStorageStore(key: string, storage?: KeyedStorage): PositionStore {
  const place = () => storage ?? localStorage;
  return {
    load: () => place().getItem(key),
    save: (position) => place().setItem(key, position),
  };
}
