/** The changes that match a filter: those that are kept, and each further one as it comes. */
import { type ReadonlySignal, signal } from '@preact/signals';
import type { Clock, FeedEvent } from '../../../client/src/index.ts';
import { LiveRows } from '../lib/live-rows.ts';
import { type ChangeRow, readChange } from './index-answers.ts';
import { retryMsOf } from './retry.ts';

export interface LiveView {
  /** Newest first. */
  readonly rows: readonly ChangeRow[];
  /** How many came and are not shown. */
  readonly waiting: number;
  /** Whether the past was read: without rows there is none. */
  readonly isReady: boolean;
  /** Whether there are changes before the last row. */
  readonly hasOlder: boolean;
  /** Why no more changes come. Null: they do. */
  readonly error: Error | null;
}

export interface LiveParts {
  /** Follows the changes until the signal aborts. */
  readonly follow: (signal: AbortSignal) => AsyncIterable<FeedEvent>;
  /** The newest changes that are kept. Rejects with a FeedError. */
  readonly past: (
    signal: AbortSignal,
  ) => Promise<{ readonly changes: readonly ChangeRow[]; readonly next: string | null }>;
  /** Whether rows may move now: nobody points at them or reads further down. */
  readonly mayMove: () => boolean;
  /** How many rows fill the window. */
  readonly inSight: () => number;
  readonly clock: Clock;
}

/** Between two drawings, ms. */
const drawMs = 250;
/** The same, while more comes than anybody can read: each drawing moves the whole list. */
const fastMs = 1_000;
/** Most rows of one drawing that somebody may still read. */
const readable = 12;

export class LiveChanges {
  readonly #parts: LiveParts;
  readonly #rows = new LiveRows<ChangeRow>();
  readonly #end = new AbortController();
  readonly #view = signal<LiveView>({
    ...{ rows: [], waiting: 0, isReady: false, hasOlder: false, error: null },
  });
  #cancelFill = () => {};
  #cancelDraw: (() => void) | null = null;
  #hasMore = false;
  #isReady = false;
  /** Whether more came before the last drawing than anybody can read. */
  #isFast = false;
  /** Whether only the rows in sight are shown: drawing rows that are gone in a second, unseen, serves nobody. */
  #isShort = false;

  /** Begins at once. */
  constructor(parts: LiveParts) {
    this.#parts = parts;
    void this.#follow();
  }

  get view(): ReadonlySignal<LiveView> {
    return this.#view;
  }

  /** Shows all that waits, whatever is pointed at. */
  showNew(): void {
    this.#rows.take();
    this.#isShort = false;
    this.#draw();
  }

  /** Ends it. Idempotent. */
  close(): void {
    this.#end.abort();
    this.#cancelFill();
    this.#cancelDraw?.();
  }

  async #follow(): Promise<void> {
    try {
      let needsPast = true;
      for await (const event of this.#parts.follow(this.#end.signal)) {
        if (event.kind === 'change') {
          // The client checks only what it uses itself.
          this.#rows.add(readChange(event.change, 'change'));
          this.#drawSoon();
        } else if (event.kind === 'reset') {
          this.#rows.clear();
          needsPast = true;
        } else if (event.kind === 'ready' && needsPast) {
          // Only now: what is recorded after the past was read comes by the stream.
          needsPast = false;
          void this.#fill();
        }
      }
    } catch (error) {
      if (this.#end.signal.aborted) return;
      this.#view.value = {
        ...this.#view.value,
        error: error instanceof Error ? error : new Error(String(error)),
      };
    }
  }

  /** Reads the past, again and again until it is there. */
  async #fill(failures = 0): Promise<void> {
    this.#cancelFill();
    const filling = new AbortController();
    this.#cancelFill = () => filling.abort();
    try {
      const { changes, next } = await this.#parts.past(filling.signal);
      if (filling.signal.aborted) return;
      this.#rows.fill(changes);
      this.#hasMore = next !== null;
      this.#isReady = true;
      this.#draw();
    } catch (error) {
      if (filling.signal.aborted) return;
      const again = () => void this.#fill(failures + 1);
      this.#cancelFill = this.#parts.clock.after(retryMsOf(error, failures), again);
    }
  }

  #drawSoon(): void {
    if (this.#cancelDraw !== null) return;
    this.#cancelDraw = this.#parts.clock.after(this.#isFast ? fastMs : drawMs, () => {
      this.#cancelDraw = null;
      const wasFast = this.#isFast;
      this.#isFast = this.#rows.waiting > readable;
      const mayMove = this.#parts.mayMove();
      if (mayMove) this.#rows.take();
      // One burst is soon over; its list stays whole.
      this.#isShort = wasFast && this.#isFast && mayMove;
      this.#draw();
      // What waits is shown once nobody points at it any more, and the rest of the rows once fewer come.
      if (this.#rows.waiting > 0 || this.#isShort) this.#drawSoon();
    });
  }

  #draw(): void {
    const { shown, waiting, wasCut } = this.#rows;
    const before = this.#view.value;
    const most = this.#isShort ? this.#parts.inSight() : shown.length;
    const rows = most < shown.length ? shown.slice(0, most) : shown;
    const hasOlder = this.#hasMore || wasCut || rows !== shown;
    const next = { rows, waiting, isReady: this.#isReady, hasOlder };
    const isSame = before.rows === rows && before.waiting === waiting && before.isReady === next.isReady;
    if (!isSame) this.#view.value = { ...before, ...next };
  }
}
