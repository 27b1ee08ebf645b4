import { BoundedMap } from '../lib/bounded-map.ts';

const maxEntries = 1_000;
const maxKeyLength = 2_048;

/** Values made once for many equal requests: the latest 1,000, by strings of up to 2,048 characters. */
export class Remembered<Value> {
  readonly #known = new BoundedMap<string, Value>(maxEntries);

  get(key: string): Value | undefined {
    return this.#known.get(key);
  }

  getOrMake(key: string, make: (key: string) => Value): Value {
    return key.length > maxKeyLength ? make(key) : this.#known.getOrMake(key, make);
  }
}
