/** The history of one tag, newest first, with a time for each event that no other event of the tag has. */
import { ManifeedError } from '../../errors.ts';
import type { Change } from '../../event/change.ts';
import type { Moment } from '../../event/rfc3339.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import type { LedgerQueries, TagName } from '../../ledger/queries.ts';
import { maxStep, type Reading } from '../../reading/reading.ts';

export interface TagEvent {
  readonly change: Change;
  /** When the ledger stored it. The nanoseconds count the tag's events within the same ms, from 0. */
  readonly at: Moment;
}

/**
 * Events of the same ms are numbered from the oldest one, so they are read together: the last ones of a page are known
 * only once an older change, or the end, was seen.
 */
export class TagEvents {
  readonly #ledger: Pick<LedgerQueries, 'history'>;
  readonly #reading: Reading;
  readonly #of: TagName;
  /** Of the next step; null: the history ends. */
  #before: number | undefined | null;
  /** Read, newest first, but not yet returned. */
  #changes: Change[] = [];

  /** @param before sequence; only older changes. Undefined: from the newest on */
  constructor(ledger: Pick<LedgerQueries, 'history'>, reading: Reading, of: TagName, before?: number) {
    this.#ledger = ledger;
    this.#reading = reading;
    this.#of = of;
    this.#before = before;
  }

  /**
   * The next events, newest first, all of one ms.
   *
   * @param atOnce changes to read at once
   * @returns `end`: there are no more; `enough`: the request may read no more
   */
  async next(atOnce: number): Promise<readonly TagEvent[] | 'end' | 'enough'> {
    for (let looked = 0; ; ) {
      const [newest] = this.#changes;
      const other = this.#changes.findIndex(
        ({ recordedAt }, at) => at >= looked && recordedAt !== newest?.recordedAt,
      );
      if (other >= 0) return numbered(this.#changes.splice(0, other));
      if (this.#before === null) return newest === undefined ? 'end' : numbered(this.#changes.splice(0));
      if (!this.#reading.hasRoom) return 'enough';
      looked = this.#changes.length;
      await this.#read(Math.min(atOnce, maxStep));
    }
  }

  async #read(limit: number): Promise<void> {
    const { registry, repository, tag } = this.#of;
    const asked = { of: { registry, repository, tag }, limit };
    const before = this.#before;
    const page = await this.#reading.step(() =>
      this.#ledger.history(typeof before === 'number' ? { ...asked, before } : asked),
    );
    // Not `push(...)`: an argument each.
    this.#changes = this.#changes.concat(page.changes);
    this.#before = page.next;
  }
}

function numbered(changes: readonly Change[]): readonly TagEvent[] {
  return changes.map((change, at) => ({
    change,
    at: { ms: change.recordedAt, nanos: changes.length - 1 - at },
  }));
}

/** The `before` of a history that begins with the changes of this ms. */
export async function sequenceAfter(ledger: Pick<Ledger, 'seek'>, ms: number): Promise<number> {
  return (await ledger.seek(Math.max(0, ms + 1))) + 1;
}

/** When the oldest change was stored that is still kept, ms since the epoch; null: there is none. */
export async function historySince(ledger: Pick<Ledger, 'bounds' | 'read'>): Promise<number | null> {
  const { floor } = await ledger.bounds();
  try {
    const [oldest] = (await ledger.read(floor, 1)).changes;
    return oldest?.recordedAt ?? null;
  } catch (error) {
    // The floor rose in between.
    if (error instanceof ManifeedError && error.code === 'POSITION_GONE') return historySince(ledger);
    throw error;
  }
}
