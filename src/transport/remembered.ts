import { BoundedMap } from '../lib/bounded-map.ts';

const maxEntries = 1_000;
const maxKeyLength = 2_048;

/** What thousands of clients ask for in the same words, made once: the latest 1,000, by texts of up to 2,048 characters. */
export class Remembered<Value> {
  readonly #known = new BoundedMap<string, Value>(maxEntries);

  get(key: string): Value | undefined {
    return this.#known.get(key);
  }

  getOrMake(key: string, make: (key: string) => Value): Value {
    return key.length > maxKeyLength ? make(key) : this.#known.getOrMake(key, make);
  }
}
