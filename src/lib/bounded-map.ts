/** A map of at most `max` entries. At the bound it forgets the oldest entry. */
export class BoundedMap<Key, Value> extends Map<Key, Value> {
  readonly #max: number;
  // Kept between evictions: a new iterator would step over every entry deleted since the last rehash.
  #oldest: Iterator<Key> | null = null;

  /** @param max entries, ≥ 1 */
  constructor(max: number) {
    super();
    this.#max = max;
  }

  override set(key: Key, value: Value): this {
    if (this.size >= this.#max && !this.has(key)) {
      this.#oldest ??= this.keys();
      const oldest = this.#oldest.next();
      if (oldest.done !== true) this.delete(oldest.value);
    }
    return super.set(key, value);
  }

  /** Sets it as the newest entry, which is forgotten last. */
  renew(key: Key, value: Value): void {
    this.delete(key);
    this.set(key, value);
  }

  getOrMake(key: Key, make: (key: Key) => Value): Value {
    const known = this.get(key);
    if (known !== undefined) return known;
    const made = make(key);
    this.set(key, made);
    return made;
  }
}
