/** How far a stream is: what its next connection asks for, and what of a connection reaches the consumer. */
import { childOf } from '../abort.ts';
import type { FeedEvent } from '../events.ts';
import { FeedError } from '../feed-error.ts';
import type { Start } from '../filter.ts';
import type { Receiver } from '../transport/transport.ts';
import type { Message } from '../wire.ts';
import type { EventBuffer } from './buffer.ts';
import { Repeats } from './repeats.ts';

/** A connection's way into the buffer. */
export interface Connection extends Receiver {
  /** Aborts when the connection must end. */
  readonly signal: AbortSignal;
  /** Nothing that it brings is taken any more. */
  close(): void;
}

export class Progress {
  readonly #buffer: EventBuffer;
  readonly #repeats = new Repeats();
  #start: Start;
  /** Why the stream connects anew though the connection was good; null: for no fault. */
  #restart: FeedError | null | undefined;
  #isTooFast = false;

  constructor(buffer: EventBuffer, start: Start) {
    this.#buffer = buffer;
    this.#start = start;
  }

  /** What the next connection asks for. */
  get start(): Start {
    return this.#start;
  }

  /** Whether a snapshot came faster than it was read, and there is no position yet after which to go on. */
  get isTooFast(): boolean {
    return this.#isTooFast;
  }

  /** Why this ended the connection itself; undefined: it did not. */
  takeRestart(): FeedError | null | undefined {
    const restart = this.#restart;
    this.#restart = undefined;
    return restart;
  }

  /** A connection brought more than the buffer holds. */
  overflow(): void {
    this.#isTooFast = this.#start.snapshot;
  }

  /** @param wantsSnapshot after a reset too */
  connect(over: AbortSignal, wantsSnapshot: boolean, onReady: () => void): Connection {
    const { signal, end } = childOf(over);
    const buffer = this.#buffer;
    let isAnnounced = !this.#start.snapshot;
    return {
      signal,
      get isFull() {
        return buffer.isFull;
      },
      room: (until) => buffer.room(until),
      close: end,
      take: (message, size) => {
        if (signal.aborted) return;
        if (!isAnnounced) buffer.push({ event: { kind: 'snapshot' }, resume: null }, 0);
        isAnnounced = true;
        if (message.kind === 'reset' && wantsSnapshot) this.#beginAnew(message.reason);
        this.#take(message, size);
        if (message.kind === 'ready') onReady();
        if (message.kind === 'ready' && this.#isTooFast) this.#leaveDetour();
        if (this.#restart !== undefined) end();
      },
    };
  }

  #take(message: Message, size: number): void {
    const [event, position] = this.#read(message);
    this.#buffer.push({ event, resume: position === null ? null : this.#moveTo(position) }, size);
  }

  /** What the consumer gets, null: nothing; and how far that brings the stream, null: no further. */
  #read(message: Message): readonly [FeedEvent | null, string | null] {
    switch (message.kind) {
      case 'change': {
        const { change, resume } = message;
        const isKnown = this.#repeats.has(change.position);
        this.#repeats.add(change.position, resume);
        return [isKnown ? null : message, resume];
      }
      case 'ready': {
        const { kind, position } = message;
        this.#start = { ...this.#start, snapshot: false };
        return [{ kind, position }, position];
      }
      case 'reset':
        this.#repeats.clear();
        return [message, message.position];
      case 'bookmark':
        this.#repeats.moveTo(message.position);
        return [null, message.position];
      case 'state':
        return [message, null];
    }
  }

  /** The position that may be saved. Null before a snapshot is complete: whoever resumes gets no rows. */
  #moveTo(position: string): string | null {
    if (this.#start.snapshot) return null;
    this.#start = { after: position, since: null, snapshot: false };
    return position;
  }

  /** From here on the position counts for nothing: what a consumer needs is the snapshot. */
  #beginAnew(reason: string): void {
    this.#start = { after: null, since: null, snapshot: true };
    const message = `resume: ${reason}: a new snapshot follows`;
    this.#restart = new FeedError('POSITION_GONE', message, { retryable: true });
  }

  /** The snapshot is complete: the stream goes back to its own transport. */
  #leaveDetour(): void {
    this.#isTooFast = false;
    this.#restart = null;
  }
}
