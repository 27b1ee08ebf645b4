import type { TargetCursor } from '../ledger/cursors.ts';
import { backoffMs } from '../lib/backoff.ts';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { Random } from '../lib/random.ts';

/** Saves one cursor. False: the lease is lost. Rejects if the ledger cannot be reached. */
export type Save = (cursor: TargetCursor, took: number | undefined) => Promise<boolean>;

interface SaverParts {
  readonly name: string;
  readonly save: Save;
  /** What to save now; null: nothing may be saved now. */
  readonly cursor: () => TargetCursor | null;
  readonly onLost: () => void;
  /** The ledger could not be reached; it is tried again. */
  readonly onFailed: (why: string) => void;
  /** It saved after `mustWait`. */
  readonly onSavedAgain: () => void;
  /** Deliveries that may be done while the save that tells of them has not begun or is under way, ≥ 1. */
  readonly maxUnsaved: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

const retry = { baseMs: 100, maxMs: 5_000 };
/** A save that takes longer counts as failing until it is over: the ledger may be away. */
const slowMs = 1_000;

/** Saves the newest cursor of one target: one save at a time, and after a failure again. */
export class Saver {
  readonly #parts: SaverParts;
  #isDirty = false;
  #isLost = false;
  #took: number | undefined;
  #running: Promise<void> | null = null;
  #failures = 0;
  /** Deliveries that are done, but not saved. */
  #unsaved = 0;
  /** When the save that is under way began, monotonic ms; null: none is. */
  #since: number | null = null;
  readonly #closing = new AbortController();

  constructor(parts: SaverParts) {
    this.#parts = parts;
  }

  /**
   * Whether nothing may start: the last save failed, or takes long, or so much was done meanwhile that a kill would repeat
   * more than what is under way at once.
   */
  get mustWait(): boolean {
    return this.#failures > 0 || this.#isSlow || this.#unsaved >= this.#parts.maxUnsaved;
  }

  get #isSlow(): boolean {
    return this.#since !== null && this.#parts.clock.monotonic() - this.#since >= slowMs;
  }

  /** A delivery is done. */
  delivered(): void {
    this.#unsaved += 1;
    this.mark();
  }

  /** There is something new to save. @param took the wish that the cursor follows */
  mark(took?: number): void {
    if (this.#isLost) return;
    if (took !== undefined) this.#took = took;
    this.#isDirty = true;
    this.#running ??= this.#run();
  }

  /** Saves what is marked, once; then nothing more may be marked. Idempotent. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    // What is marked in the same turn is saved together.
    await null;
    while (this.#isDirty && !this.#isLost) {
      this.#isDirty = false;
      const cursor = this.#parts.cursor();
      const saving = this.#unsaved;
      if (cursor === null) {
        this.#unsaved = 0;
        break;
      }
      this.#since = this.#parts.clock.monotonic();
      const isSaved = await this.#save(cursor);
      const hadToWait = this.mustWait;
      this.#since = null;
      if (isSaved) this.#succeeded(saving, hadToWait);
      else if (this.#closing.signal.aborted) break;
      else {
        // The tool has accepted, and after a kill it would be asked again: so this is tried until it succeeds.
        this.#isDirty = true;
        const waitMs = backoffMs(this.#failures++, retry, this.#parts.random);
        await this.#parts.clock.sleep(waitMs, this.#closing.signal);
      }
    }
    this.#running = null;
  }

  #succeeded(saved: number, hadToWait: boolean): void {
    this.#failures = 0;
    this.#unsaved -= saved;
    if (hadToWait) this.#parts.onSavedAgain();
  }

  /** False: the ledger could not be reached. */
  async #save(cursor: TargetCursor): Promise<boolean> {
    const { name, save, log, onLost, onFailed } = this.#parts;
    const took = this.#took;
    try {
      this.#isLost = !(await save(cursor, took));
    } catch (error) {
      const why = String(error);
      if (this.#failures === 0) log.warn({ target: name, error: why }, 'save cursor of target: failed');
      onFailed(why);
      return false;
    }
    if (this.#took === took) this.#took = undefined;
    if (this.#isLost) onLost();
    return true;
  }
}
