import { hash } from 'node:crypto';
import type { Filter } from '../event/filter.ts';
import { BoundedMap } from '../lib/bounded-map.ts';

/** Filters of all owners that are remembered; some 2 MiB. One that was forgotten counts as new. */
export const maxRemembered = 10_000;

/**
 * Which owner has asked for which filter before. A long-poll asks for its filter again after each answer, and a
 * stream after each loss: neither brings new globs, though nobody holds the filter in between.
 */
export class AskedBefore {
  readonly #known = new BoundedMap<string, true>(maxRemembered);

  has(owner: string, filter: Filter): boolean {
    return this.#known.has(keyOf(owner, filter));
  }

  add(owner: string, filter: Filter): void {
    this.#known.renew(keyOf(owner, filter), true);
  }
}

/** Filters may be written in 64 KiB. */
function keyOf(owner: string, { key }: Filter): string {
  return hash('sha256', `${owner}\0${key}`, 'base64url').slice(0, 22);
}
