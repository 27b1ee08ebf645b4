import { ManifeedError, messageOf } from '../../errors.ts';
import type { Change } from '../../event/change.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { Bounds, Page, TailEvent } from '../ledger.ts';
import type { Announcement, Standing } from './codec.ts';

interface RedisTailOptions {
  /** Reads the stream, which is the truth behind the channel. */
  readonly read: (after: number, limit: number) => Promise<Page>;
  readonly standing: () => Promise<Standing>;
  readonly clock: Clock;
  readonly log: Log;
  readonly onHole: () => void;
  /** A message that looked like a gateway's, but whose changes no gateway makes. */
  readonly onStray: (what: string) => void;
  /** Several changes in a row did not arrive on the channel: its connection may lead to a former primary. */
  readonly onSilence: () => void;
  /** How long to wait for changes that later ones have overtaken before reading the stream, ms. Default 100. */
  readonly patienceMs?: number;
}

interface Listener {
  readonly hear: (event: TailEvent) => void;
  /** Epoch and head of the ledger when it began to listen. */
  readonly epoch: string;
  readonly after: number;
}

const pageSize = 1_000;
/** Holes without any message from the channel, after which it counts as broken. */
const maxSilentHoles = 3;

/**
 * Merges the channel, our own commits and the stream into one dense order for the listeners. Drops duplicates, reads
 * what is missing from the stream, and turns a new epoch into a `reset`.
 */
export class RedisTail {
  readonly #options: Required<RedisTailOptions>;
  readonly #listeners = new Set<Listener>();
  #epoch: string;
  /** Everything up to this has been delivered. */
  #delivered: number;
  /** The newest sequence of this epoch that was mentioned, even by strangers on the channel. */
  #heard: number;
  /** The newest sequence of this epoch that is certainly stored. */
  #known: number;
  #isReading = false;
  #isAsking = false;
  #silentHoles = 0;
  #cancelPatience: (() => void) | null = null;
  #closed = false;

  constructor(start: Standing, options: RedisTailOptions) {
    this.#options = { patienceMs: 100, ...options };
    this.#epoch = start.epoch;
    this.#delivered = start.head;
    this.#heard = start.head;
    this.#known = start.head;
  }

  get epoch(): string {
    return this.#epoch;
  }

  /** The newest sequence of `epoch` that is certainly stored. A server with less has lost changes. */
  get head(): number {
    return this.#known;
  }

  listen(hear: (event: TailEvent) => void): () => void {
    const listener = { hear, epoch: this.#epoch, after: this.#known };
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Takes a message of the channel. They come in order, so a hole means that one was lost. */
  announce({ epoch, first, count, read }: Announcement): void {
    this.#silentHoles = 0;
    if (epoch !== this.#epoch) return void this.#ask();
    const last = first + count - 1;
    if (last <= this.#delivered) return;
    this.#heard = Math.max(this.#heard, last);
    if (this.#isReading) return;
    const changes = read !== null && first <= this.#delivered + 1 ? this.#tryRead(read) : null;
    if (changes === null) this.#fill();
    else this.#deliver(changes);
  }

  /** Takes our own commits. A hole gets a little time: changes of other gateways may still be on their way. */
  committed(epoch: string, changes: readonly Change[]): void {
    const first = changes[0];
    const last = changes.at(-1);
    if (epoch !== this.#epoch) return void this.#ask();
    if (first === undefined || last === undefined) return;
    this.#stored(last.sequence);
    if (!this.#isReading && first.sequence <= this.#delivered + 1) this.#deliver(changes);
    else this.#bePatient();
  }

  /** Takes the state of the ledger, asked every few seconds: it reveals what a silent channel kept from us. */
  stands(standing: Standing): void {
    if (standing.epoch !== this.#epoch) {
      this.#reset(standing);
      return;
    }
    this.#stored(standing.head);
    if (this.#heard > this.#delivered) this.#bePatient();
  }

  close(): void {
    this.#closed = true;
    this.#cancelPatience?.();
    this.#listeners.clear();
  }

  #stored(sequence: number): void {
    this.#known = Math.max(this.#known, sequence);
    this.#heard = Math.max(this.#heard, sequence);
  }

  #ask(): void {
    if (this.#isAsking) return;
    this.#isAsking = true;
    this.#options
      .standing()
      .then(
        (standing) => this.stands(standing),
        // The next regular look asks again.
        () => {},
      )
      .finally(() => {
        this.#isAsking = false;
      });
  }

  #bePatient(): void {
    if (this.#cancelPatience !== null || this.#closed) return;
    const { epoch } = this;
    const wanted = this.#heard;
    this.#cancelPatience = this.#options.clock.after(this.#options.patienceMs, () => {
      this.#cancelPatience = null;
      if (epoch === this.#epoch && this.#delivered < wanted) this.#fillInSilence();
      else if (this.#delivered < this.#heard) this.#bePatient();
    });
  }

  #reset({ epoch, floor, began, head, reason }: Standing): void {
    if (this.#closed) return;
    // Listeners continue from the beginning of the epoch, so that they hear all of it, however late we learned of it.
    const from = Math.max(began, floor);
    this.#startAt({ epoch, floor, head: from }, reason);
    this.#stored(head);
    if (this.#heard > this.#delivered) this.#fill();
  }

  #startAt(bounds: Bounds, reason: string): void {
    this.#epoch = bounds.epoch;
    this.#delivered = bounds.head;
    this.#heard = bounds.head;
    this.#known = bounds.head;
    this.#options.log.warn({ ...bounds, reason }, 'follow the ledger: continuity was lost');
    for (const { hear } of this.#listeners) hear({ kind: 'reset', bounds, reason });
  }

  #fillInSilence(): void {
    this.#silentHoles += 1;
    if (this.#silentHoles >= maxSilentHoles) {
      this.#silentHoles = 0;
      this.#options.onSilence();
    }
    this.#fill();
  }

  #fill(): void {
    if (this.#isReading || this.#closed) return;
    this.#isReading = true;
    this.#options.onHole();
    this.#readOn().then(
      () => {
        this.#isReading = false;
        if (this.#delivered < this.#heard) this.#bePatient();
      },
      (error: unknown) => {
        this.#isReading = false;
        const reason = messageOf(error);
        this.#options.log.warn({ after: this.#delivered, reason }, 'fill a hole from the stream: failed');
        if (!this.#closed) this.#ask();
      },
    );
  }

  async #readOn(): Promise<void> {
    const { epoch } = this;
    for (;;) {
      const standing = await this.#options.standing();
      if (this.#closed) return;
      if (standing.epoch !== epoch) return this.stands(standing);
      const { floor } = standing;
      if (this.#delivered < floor)
        this.#startAt({ epoch, floor, head: floor }, 'changes were dropped or lost before they were read');
      const wanted = this.#heard;
      const page = await this.#options.read(this.#delivered, pageSize).catch((error: unknown) => {
        // The floor rose meanwhile: by retention, or over a hole.
        if (isBelowFloor(error)) return null;
        throw error;
      });
      if (page === null) continue;
      if (this.#closed || this.#epoch !== epoch) return;
      const [first] = page.changes;
      // Read from another epoch's server: the next `stands` reveals why.
      if (first !== undefined && first.epoch !== epoch) return;
      if (first !== undefined && first.sequence > this.#delivered + 1)
        this.#startAt({ epoch, floor, head: first.sequence - 1 }, 'changes are missing from the stream');
      this.#deliver(page.changes);
      // What was mentioned before this page was read, and is not in it, does not exist.
      if (page.atHead && this.#heard === wanted) this.#heard = this.#delivered;
      if (page.atHead ? this.#delivered >= this.#heard : page.changes.length === 0) return;
    }
  }

  #deliver(changes: readonly Change[]): void {
    const fresh = changes.filter(({ sequence }) => sequence > this.#delivered);
    const last = fresh.at(-1);
    if (last === undefined || this.#closed) return;
    this.#delivered = last.sequence;
    this.#stored(last.sequence);
    for (const listener of this.#listeners) {
      const isLate = listener.epoch === this.#epoch && (fresh[0]?.sequence ?? 0) <= listener.after;
      const own = isLate ? fresh.filter(({ sequence }) => sequence > listener.after) : fresh;
      if (own.length > 0) listener.hear({ kind: 'changes', changes: own });
    }
  }

  /** Null if it cannot be read: the channel is only a hint, and the stream has it right. */
  #tryRead(read: () => readonly Change[]): readonly Change[] | null {
    try {
      return read();
    } catch (error) {
      this.#options.onStray(messageOf(error));
      return null;
    }
  }
}

function isBelowFloor(error: unknown): boolean {
  return (
    error instanceof ManifeedError &&
    error.code === 'POSITION_GONE' &&
    error.detail?.reason !== 'ahead-of-head'
  );
}
