import { ManifeedError } from '../../errors.ts';
import type { Change } from '../../event/change.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { Bounds, Page, TailEvent } from '../ledger.ts';
import type { Announcement, Standing } from './codec.ts';

export interface RedisTailOptions {
  /** The stream: the truth behind the channel. */
  readonly read: (after: number, limit: number) => Promise<Page>;
  /** Asks where the ledger stands. */
  readonly standing: () => Promise<Standing>;
  readonly clock: Clock;
  readonly log: Log;
  /** Counts the holes that had to be filled from the stream. */
  readonly onHole: () => void;
  /** A message that looked like a gateway's, but whose changes no gateway makes. */
  readonly onStray: (what: string) => void;
  /** Several changes in a row were not on the channel: its connection may lead to a server that was left behind. */
  readonly onSilence: () => void;
  /** How long a change may be overtaken by news of a later one before the stream is read, ms. Default 100. */
  readonly patienceMs?: number;
}

interface Listener {
  readonly hear: (event: TailEvent) => void;
  /** The ledger's head when it began to listen. */
  readonly epoch: string;
  readonly after: number;
}

const pageSize = 1_000;
/** Holes found without a word from the channel until it is taken to be broken. */
const maxSilentHoles = 3;

/**
 * Puts what the channel, our own commits and the stream say into one dense order for the listeners. Whatever
 * comes twice is dropped, whatever is missing is read from the stream, and a new epoch is a `reset`.
 */
export class RedisTail {
  readonly #options: Required<RedisTailOptions>;
  readonly #listeners = new Set<Listener>();
  #epoch: string;
  /** Everything up to this has been delivered. */
  #delivered: number;
  /** The newest sequence of this epoch that anybody spoke of, strangers on the channel included. */
  #heard: number;
  /** The newest sequence of this epoch that was certainly stored. */
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

  /** The newest sequence of `epoch` that was certainly stored: a server with less has lost changes. */
  get head(): number {
    return this.#known;
  }

  listen(hear: (event: TailEvent) => void): () => void {
    const listener = { hear, epoch: this.#epoch, after: this.#known };
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** News from the channel. In order there, so a hole means that a message was lost. */
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

  /**
   * Our own commits: known by their reply, often before the channel says so. But changes of other gateways
   * before them may still be on their way, so a hole here gets a little time.
   */
  committed(epoch: string, changes: readonly Change[]): void {
    const first = changes[0];
    const last = changes.at(-1);
    if (epoch !== this.#epoch) return void this.#ask();
    if (first === undefined || last === undefined) return;
    this.#stored(last.sequence);
    if (!this.#isReading && first.sequence <= this.#delivered + 1) this.#deliver(changes);
    else this.#bePatient();
  }

  /** Where the ledger stands, asked every few seconds: finds what a silent channel kept from us. */
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
        // A failure is not lost: the next regular look asks again.
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
    // Listeners go on from where the epoch began, so that they hear all of it, whenever we learned of it.
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
        const reason = error instanceof Error ? error.message : String(error);
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
        // The floor has risen meanwhile: by retention, or over a hole.
        if (isBelowFloor(error)) return null;
        throw error;
      });
      if (page === null) continue;
      if (this.#closed || this.#epoch !== epoch) return;
      const [first] = page.changes;
      // Read from another epoch's server: the next look at where the ledger stands tells why.
      if (first !== undefined && first.epoch !== epoch) return;
      if (first !== undefined && first.sequence > this.#delivered + 1)
        this.#startAt({ epoch, floor, head: first.sequence - 1 }, 'changes are missing from the stream');
      this.#deliver(page.changes);
      // What was spoken of before this page was read, and is not in it, does not exist.
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

  /** Null where it can't be read: what is on the channel is only a hint, and the stream has it right. */
  #tryRead(read: () => readonly Change[]): readonly Change[] | null {
    try {
      return read();
    } catch (error) {
      this.#options.onStray(error instanceof Error ? error.message : String(error));
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
