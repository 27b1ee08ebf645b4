/**
 * Past frames for subscribers that are behind: the newest from a ring in memory, older ones from the ledger in pages.
 * A page that many want is read once, and few pages are read at a time.
 */
import type { Ledger, ReadFilter } from '../ledger/ledger.ts';
import { BoundedMap } from '../lib/bounded-map.ts';
import { ReadGate } from '../lib/read-gate.ts';
import { Frame } from './frame.ts';

/** Some frames in order, and how far they reach. */
export interface HistoryPage {
  readonly frames: readonly Frame[];
  /** Everything up to this sequence has been looked at. */
  readonly next: number;
}

/** Bounds of the memory and of the reads. */
export interface HistoryOptions {
  /** Frames kept in memory; default 4,096. */
  readonly maxFrames?: number;
  /** Changes in one page; default 256. */
  readonly pageSize?: number;
  /** Ledger reads at a time; default 8. */
  readonly maxReads?: number;
  /** Pages of the ledger kept; default 32. */
  readonly maxPages?: number;
}

export class History {
  readonly #ledger: Pick<Ledger, 'read'>;
  readonly #maxFrames: number;
  readonly #pageSize: number;
  #ring: Frame[] = [];
  readonly #pages: BoundedMap<string, Promise<HistoryPage>>;
  readonly #gate: ReadGate;

  constructor(ledger: Pick<Ledger, 'read'>, options: HistoryOptions = {}) {
    this.#ledger = ledger;
    this.#maxFrames = options.maxFrames ?? 4096;
    this.#pageSize = options.pageSize ?? 256;
    // How many may wait needs no bound of its own: each waits for one connection.
    this.#gate = new ReadGate(options.maxReads ?? 8, Number.POSITIVE_INFINITY);
    this.#pages = new BoundedMap(options.maxPages ?? 32);
  }

  /** Adds the next frame. After a gap (`clear`) the ring starts again. */
  push(frame: Frame): void {
    const last = this.#ring.at(-1);
    if (last !== undefined && last.sequence + 1 !== frame.sequence) this.#ring = [];
    this.#ring.push(frame);
    // Half at a time: shifting an array of thousands at each change costs more.
    if (this.#ring.length > this.#maxFrames * 2) this.#ring = this.#ring.slice(-this.#maxFrames);
  }

  clear(): void {
    this.#ring = [];
    this.#pages.clear();
  }

  /** The page after `after`; the caller still matches each frame. Rejects with `POSITION_GONE`, `UNAVAILABLE`. */
  page(after: number, filter?: ReadFilter): Promise<HistoryPage> | HistoryPage {
    const first = this.#ring[0]?.sequence;
    if (first !== undefined && after + 1 >= first) {
      const start = after + 1 - first;
      const frames = this.#ring.slice(start, start + this.#pageSize);
      return { frames, next: frames.at(-1)?.sequence ?? after };
    }
    return this.#ledgerPage(after, filter);
  }

  #ledgerPage(after: number, filter: ReadFilter | undefined): Promise<HistoryPage> {
    const key = `${after} ${filter?.repositories?.join(' ') ?? ''}`;
    const known = this.#pages.get(key);
    if (known !== undefined) return known;
    const page = this.#read(after, filter);
    this.#pages.set(key, page);
    const forget = () => {
      if (this.#pages.get(key) === page) this.#pages.delete(key);
    };
    // Keep short pages. Drop empty ones, which hide newer changes, and failed ones.
    page.then((result) => {
      if (result.next === after) forget();
    }, forget);
    return page;
  }

  #read(after: number, filter: ReadFilter | undefined): Promise<HistoryPage> {
    return this.#gate.pass(async () => {
      const { changes, next } = await this.#ledger.read(after, this.#pageSize, filter);
      return { frames: changes.map((change) => new Frame(change)), next };
    });
  }
}
