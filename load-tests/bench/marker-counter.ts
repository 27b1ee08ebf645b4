/**
 * Counts a byte string in many chunked streams at once, with one byte of state each. Real parsers would cost the
 * driver more than the servers that it measures.
 */
export class MarkerCounter {
  readonly #marker: Buffer;
  /** Per stream, how many bytes of the marker its last chunk ended with. */
  readonly #pending: Uint8Array;

  /** @param marker at most 255 bytes; a marker that begins inside an interrupted one is missed */
  constructor(marker: string, streams: number) {
    this.#marker = Buffer.from(marker);
    this.#pending = new Uint8Array(streams);
  }

  count(stream: number, chunk: Buffer): number {
    let found = 0;
    let from = 0;
    const pending = this.#pending[stream] ?? 0;
    if (pending > 0) {
      const rest = this.#marker.subarray(pending);
      const have = Math.min(rest.length, chunk.length);
      if (rest.compare(chunk, 0, have, 0, have) === 0) {
        if (have < rest.length) {
          this.#pending[stream] = pending + have;
          return 0;
        }
        found = 1;
        from = have;
      }
      this.#pending[stream] = 0;
    }
    for (let at = chunk.indexOf(this.#marker, from); at !== -1; at = chunk.indexOf(this.#marker, from)) {
      found += 1;
      from = at + this.#marker.length;
    }
    this.#pending[stream] = this.#tail(chunk, from);
    return found;
  }

  /** How many bytes of the marker the chunk ends with. */
  #tail(chunk: Buffer, from: number): number {
    const first = this.#marker[0] ?? 0;
    let at = chunk.indexOf(first, Math.max(from, chunk.length - this.#marker.length + 1));
    for (; at !== -1; at = chunk.indexOf(first, at + 1)) {
      const length = chunk.length - at;
      if (this.#marker.compare(chunk, at, chunk.length, 0, length) === 0) return length;
    }
    return 0;
  }
}
