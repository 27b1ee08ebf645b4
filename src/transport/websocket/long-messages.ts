/**
 * Long messages take turns: reading one of 64 KiB takes a millisecond or more, and many may come in one packet. A
 * message behind one that waits waits too, so that each client's messages are read in their order.
 */
import { OneATurn } from '../../lib/one-a-turn.ts';

/** Shorter messages are read at once, bytes. */
export const longBytes = 4_096;

/** A connection whose messages may have to wait. */
export interface MessageTaker {
  read(data: Buffer, isBinary: boolean): void;
  /** Stops its socket: only what has been received already may wait, at most one chunk of 64 KiB. */
  pause(): void;
  resume(): void;
}

interface Held {
  readonly data: Buffer;
  readonly isBinary: boolean;
}

export class LongMessages {
  readonly #turns = new OneATurn();
  /** Only connections with messages that wait: a silent one costs nothing. */
  readonly #held = new Map<MessageTaker, Held[]>();

  /** True: read it now. False: it waits, and `taker.read` is called at its turn. */
  mayRead(taker: MessageTaker, data: Buffer, isBinary: boolean): boolean {
    const earlier = this.#held.size === 0 ? undefined : this.#held.get(taker);
    if (earlier !== undefined) {
      earlier.push({ data, isBinary });
      return false;
    }
    const turn = data.length < longBytes ? null : this.#turns.take();
    if (turn === null) return true;
    const held = [{ data, isBinary }];
    this.#held.set(taker, held);
    taker.pause();
    void this.#readAll(taker, held, turn);
    return false;
  }

  async #readAll(taker: MessageTaker, held: readonly Held[], turn: Promise<void>): Promise<void> {
    await turn;
    // The list grows while it is read.
    for (const [at, { data, isBinary }] of held.entries()) {
      if (at > 0 && data.length >= longBytes) await this.#turns.take();
      taker.read(data, isBinary);
    }
    this.#held.delete(taker);
    taker.resume();
  }
}
