/** What has come and the consumer has not asked for yet. It is bounded: the gateway's ledger is the queue. */
import type { FeedEvent } from '../events.ts';
import type { FeedError } from '../feed-error.ts';

/** One entry. */
export interface Entry {
  /** Null: a bookmark, which only moves the position. */
  readonly event: FeedEvent | null;
  /** What may be saved once the event is processed. Null: nothing yet. */
  readonly resume: string | null;
}

/** Most entries that wait. */
export const maxEntries = 1_000;
/** Most characters of messages that wait. */
export const maxCharacters = 1024 * 1024;

interface Sized extends Entry {
  readonly size: number;
}

/** A queue with one reader and one writer. It can end, with an error or without. */
export class EventBuffer {
  #entries: Sized[] = [];
  #head = 0;
  #characters = 0;
  #end: { readonly error: FeedError | null } | null = null;
  #onEntry = () => {};
  #onRoom = () => {};

  /** Whether the writer must stop until `room` resolves. */
  get isFull(): boolean {
    return this.#count >= maxEntries || this.#characters >= maxCharacters;
  }

  /** How it ended; null: it goes on. Entries may still wait. */
  get ended(): { readonly error: FeedError | null } | null {
    return this.#end;
  }

  get #count(): number {
    return this.#entries.length - this.#head;
  }

  /** @param size characters of the message that brought it */
  push(entry: Entry, size: number): void {
    const last = this.#count === 0 ? undefined : this.#entries.at(-1);
    // Bookmarks follow each other while nothing matches: the newest one is enough.
    if (entry.event === null && last?.event === null) this.#characters -= this.#entries.pop()?.size ?? 0;
    this.#entries.push({ ...entry, size });
    this.#characters += size;
    this.#onEntry();
  }

  take(): Entry | undefined {
    const entry = this.#entries[this.#head];
    if (entry === undefined) return undefined;
    this.#head++;
    this.#characters -= entry.size;
    // Half at a time: shifting an array of a thousand at each event costs more.
    if (this.#head * 2 >= this.#entries.length) {
      this.#entries = this.#entries.slice(this.#head);
      this.#head = 0;
    }
    if (this.#hasRoom) this.#onRoom();
    return entry;
  }

  /** Calls `run` at each further entry and at the end. */
  onEntry(run: () => void): void {
    this.#onEntry = run;
  }

  /** Resolves when half of the buffer is free, or when `signal` aborts. For the writer alone. */
  room(signal: AbortSignal): Promise<void> {
    if (this.#hasRoom || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        this.#onRoom = () => {};
        signal.removeEventListener('abort', done);
        resolve();
      };
      this.#onRoom = done;
      signal.addEventListener('abort', done);
    });
  }

  /** No more entries come. The first end counts. */
  end(error: FeedError | null): void {
    this.#end ??= { error };
    this.#onEntry();
  }

  get #hasRoom(): boolean {
    return this.#count <= maxEntries / 2 && this.#characters <= maxCharacters / 2;
  }
}
