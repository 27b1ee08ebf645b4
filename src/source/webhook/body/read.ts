/**
 * Reads a body into one growing buffer. Kept as chunks, a body sent byte by byte would cost a hundred times its
 * length, uncounted by `BodyMemory`.
 */
import type { Readable } from 'node:stream';
import { ManifeedError } from '../../../errors.ts';
import type { Clock } from '../../../lib/clock.ts';
import type { HeldMemory } from './memory.ts';

/** The first allocation for a body that is larger or of unknown length. */
const firstBytes = 16 * 1024;

interface ReadBodyOptions {
  /** The `Content-Length`; null: none. It bounds how far memory grows, and reserves none. */
  readonly announcedBytes: number | null;
  readonly maxBytes: number;
  readonly memory: HeldMemory;
  readonly watch: UploadWatch;
}

/**
 * @throws BODY_TOO_LARGE over `maxBytes`; UNAVAILABLE without memory for it; REQUEST_TIMEOUT if nothing arrives
 *   for `bodyIdleMs`; BODY_INVALID if the sender leaves in the middle
 */
export function readBody(stream: Readable, options: ReadBodyOptions): Promise<Buffer> {
  const { announcedBytes, maxBytes, watch } = options;
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const body = new GrowingBuffer(Math.min(announcedBytes ?? maxBytes, maxBytes), options.memory);
  const upload = { isHeard: false, giveUp: () => fail(idle()) };
  let isOver = false;

  function onData(chunk: Buffer): void {
    upload.isHeard = true;
    if (isOver) return;
    try {
      if (body.length + chunk.length > maxBytes) throw tooLarge(maxBytes);
      body.append(chunk);
    } catch (error) {
      fail(error);
    }
  }
  function onEnd(): void {
    if (isOver) return;
    isOver = true;
    watch.delete(upload);
    resolve(body.bytes());
  }
  function onLost(): void {
    // Every request closes in the end, and creating an error is expensive.
    if (isOver) return;
    fail(new ManifeedError('BODY_INVALID', 'read webhook body: incomplete: must be as long as announced'));
  }
  function fail(error: unknown): void {
    if (isOver) return;
    isOver = true;
    watch.delete(upload);
    body.drop();
    // The answer goes out first; what still arrives waits in the kernel until the connection closes.
    stream.pause();
    reject(error);
  }

  watch.add(upload);
  // The listeners stay: the stream ends with the request, and removing four costs more than a small body.
  stream.on('data', onData).on('end', onEnd).on('close', onLost).on('error', onLost);
  if (announcedBytes !== null && announcedBytes > maxBytes) fail(tooLarge(maxBytes));
  return promise;
}

class GrowingBuffer {
  readonly #maxBytes: number;
  readonly #held: HeldMemory;
  #memory = Buffer.alloc(0);
  #length = 0;

  constructor(maxBytes: number, held: HeldMemory) {
    this.#maxBytes = maxBytes;
    this.#held = held;
  }

  get length(): number {
    return this.#length;
  }

  append(chunk: Buffer): void {
    const needed = this.#length + chunk.length;
    if (needed > this.#memory.length) this.#grow(needed);
    chunk.copy(this.#memory, this.#length);
    this.#length = needed;
  }

  bytes(): Buffer {
    return this.#memory.subarray(0, this.#length);
  }

  drop(): void {
    this.#memory = Buffer.alloc(0);
    this.#length = 0;
  }

  #grow(needed: number): void {
    const doubled = Math.max(needed, this.#memory.length * 2, firstBytes);
    const size = Math.max(needed, Math.min(doubled, this.#maxBytes));
    this.#held.resize(size);
    const memory = Buffer.allocUnsafe(size);
    this.#memory.copy(memory, 0, 0, this.#length);
    this.#memory = memory;
  }
}

function tooLarge(maxBytes: number): ManifeedError {
  return new ManifeedError(
    'BODY_TOO_LARGE',
    `read webhook body: over the cap: must be at most ${maxBytes} bytes (maxBytes of the hook)`,
  );
}

function idle(): ManifeedError {
  return new ManifeedError(
    'REQUEST_TIMEOUT',
    `read webhook body: nothing arrived for ${bodyIdleMs / 1000} s: must be sent without such a pause`,
  );
}

/** A sender that stops in the middle of a body is given up after this long, ms, or at most one tick later. */
export const bodyIdleMs = 5_000;
const tickMs = 1_000;

interface Upload {
  isHeard: boolean;
  giveUp(): void;
}

/** Notices stopped uploads. One timer serves all: almost every body arrives before it fires. */
export class UploadWatch {
  readonly #clock: Clock;
  /** Quiet ticks of each upload. Bounded by the number of connections. */
  readonly #uploads = new Map<Upload, number>();
  #isTicking = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(upload: Upload): void {
    this.#uploads.set(upload, 0);
    if (this.#isTicking) return;
    this.#isTicking = true;
    this.#clock.after(tickMs, () => this.#tick());
  }

  delete(upload: Upload): void {
    this.#uploads.delete(upload);
  }

  #tick(): void {
    for (const [upload, quietTicks] of this.#uploads) {
      const quiet = upload.isHeard ? 0 : quietTicks + 1;
      upload.isHeard = false;
      this.#uploads.set(upload, quiet);
      if (quiet * tickMs >= bodyIdleMs) upload.giveUp();
    }
    this.#isTicking = this.#uploads.size > 0;
    if (this.#isTicking) this.#clock.after(tickMs, () => this.#tick());
  }
}
