import { hash } from 'node:crypto';
import type { Filter } from '../event/filter.ts';
import { BoundedMap } from '../lib/bounded-map.ts';

/** Filters remembered, of all owners together; some 2 MiB. A forgotten filter counts as new. */
export const maxRemembered = 10_000;

/** Which owner asked for which filter before: repeats of a long-poll, or after a reconnect, bring no new globs. */
export class AskedBefore {
  readonly #known = new BoundedMap<string, true>(maxRemembered);

  has(owner: string, filter: Filter): boolean {
    return this.#known.has(keyOf(owner, filter));
  }

  add(owner: string, filter: Filter): void {
    this.#known.renew(keyOf(owner, filter), true);
  }
}

/** Hashed, because a filter may be 64 KiB long. */
function keyOf(owner: string, { key }: Filter): string {
  return hash('sha256', `${owner}\0${key}`, 'base64url').slice(0, 22);
}
