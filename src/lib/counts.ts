/** How often each key is held. A key that nobody holds takes no memory. */
export class Counts<Key> extends Map<Key, number> {
  /** Of all keys together. */
  total = 0;

  of(key: Key): number {
    return this.get(key) ?? 0;
  }

  /** Adds `by`, which may be negative. Returns the new count, never less than 0. */
  add(key: Key, by = 1): number {
    const before = this.of(key);
    const count = Math.max(0, before + by);
    this.total += count - before;
    if (count > 0) this.set(key, count);
    else this.delete(key);
    return count;
  }
}
