/**
 * Reads the ledger for one request: in steps, with a bound on all of them together, and judging each row by grant and
 * filter. Steps of all requests take turns on the event loop, so that a long list delays neither webhooks nor streams.
 */
import { invalidParameter, unavailable } from '../errors.ts';
import type { Filter } from '../event/filter.ts';
import type { Work } from '../event/glob.ts';
import type { Grant } from '../event/grant.ts';
import type { OneATurn } from '../lib/one-a-turn.ts';

/** Rows that one request may look at. */
export const maxRows = 50_000;
/** Rows that one step may look at: the bound of one call of the ledger. */
export const maxStep = 1_000;
/** Steps of matching globs between two turns of the event loop: 1 to 2 ms. */
const stepsPerTurn = 20_000;
/** What a row costs besides its globs. */
const stepsPerRow = 10;

/** What a step of the ledger returned. */
export interface Looked {
  /** Rows looked at. */
  readonly looked: number;
}

export interface ReadingOptions {
  readonly grant: Grant;
  /** Shared by all requests. */
  readonly turns: OneATurn;
  /** Whether the client has left. */
  readonly isGone: () => boolean;
  /** Default `maxRows`. */
  readonly maxRows?: number;
}

/** What one request reads. */
export class Reading {
  readonly grant: Grant;
  readonly #turns: OneATurn;
  readonly #isGone: () => boolean;
  readonly #maxRows: number;
  readonly #work: Work = { steps: 0, limit: stepsPerTurn };
  #looked = 0;

  constructor({ grant, turns, isGone, maxRows: max = maxRows }: ReadingOptions) {
    this.grant = grant;
    this.#turns = turns;
    this.#isGone = isGone;
    this.#maxRows = max;
  }

  /** Rows looked at until now. */
  get looked(): number {
    return this.#looked;
  }

  /** Whether one more step stays within the bound, however many rows it looks at. */
  get hasRoom(): boolean {
    return this.hasRoomFor(1);
  }

  /** As `hasRoom`, for several steps. */
  hasRoomFor(steps: number): boolean {
    return this.#looked + steps * maxStep <= this.#maxRows;
  }

  /** One step: one call of the ledger, at its turn. @throws UNAVAILABLE if the client has left */
  async step<T extends Looked>(read: () => Promise<T>): Promise<T> {
    await (this.#turns.take() ?? undefined);
    if (this.#isGone()) throw unavailable('read the ledger: the client has left');
    const page = await read();
    this.#looked += page.looked;
    return page;
  }

  /**
   * Whether the client may know of a row, and whether it asked for it. Judging many globs takes turns as well.
   *
   * @param key repository of the row
   * @param rest the part of the filter that is not about the repository
   */
  judge(filter: Filter, key: string, rest: () => boolean): Verdict | Promise<Verdict> {
    const work = this.#work;
    work.steps += stepsPerRow + filter.tagConditions;
    if (!this.grant.allows(key)) return 'hidden';
    const next = work.steps >= work.limit ? 0 : filter.judgeRepository(key, 0, work);
    if (next !== null) return this.#judgeOn(filter, key, next, rest);
    return filter.matchesRepository(key) && rest() ? 'wanted' : 'other';
  }

  async #judgeOn(filter: Filter, key: string, from: number, rest: () => boolean): Promise<Verdict> {
    for (let next: number | null = from; next !== null; ) {
      await this.#rest();
      next = filter.judgeRepository(key, next, this.#work);
    }
    return filter.matchesRepository(key) && rest() ? 'wanted' : 'other';
  }

  /** Counts steps of judging that the caller took. Null: go on; otherwise resolves at its next turn. */
  spend(steps: number): Promise<void> | null {
    this.#work.steps += steps;
    return this.#work.steps >= this.#work.limit ? this.#rest() : null;
  }

  /** @throws UNAVAILABLE if the client has left */
  async #rest(): Promise<void> {
    this.#work.steps = 0;
    await new Promise((resolve) => setImmediate(resolve));
    await (this.#turns.take() ?? undefined);
    if (this.#isGone()) throw unavailable('judge rows: the client has left');
  }
}

/** `hidden`: not granted, so nothing of the row may be told, not even that it exists. */
export type Verdict = 'wanted' | 'other' | 'hidden';

/** Where rows come from, and how each is judged. */
export interface RowSource<Row, Place> {
  /** The rows after a place (undefined: from the beginning), at most `limit`. */
  read(
    after: Place | undefined,
    limit: number,
  ): Promise<Looked & { readonly rows: readonly Row[]; readonly next: Place | null }>;
  placeOf(row: Row): Place;
  judge(row: Row): Promise<Verdict> | Verdict;
  /** Whether a client may be told this place. */
  mayTell(place: Place): boolean;
}

/** One page of an answer. */
export interface RowPage<Row, Place> {
  readonly rows: readonly Row[];
  /** Null: this was the last page. Not null does not promise more rows. */
  readonly next: Place | null;
}

export interface PageRequest<Place> {
  /** Undefined: from the beginning. */
  readonly after: Place | undefined;
  /** Most rows, 1–1,000. */
  readonly n: number;
  /** The parameter with which a client reads less. */
  readonly narrowedBy: string;
}

/**
 * The next `n` wanted rows, or fewer if the request has read enough.
 *
 * @throws PARAMETER_INVALID naming `narrowedBy` if the bound was reached within rows that the token may not see: no
 *   place could be told at which to go on
 */
export async function collectPage<Row, Place>(
  reading: Reading,
  source: RowSource<Row, Place>,
  { after, n, narrowedBy }: PageRequest<Place>,
): Promise<RowPage<Row, Place>> {
  const rows: Row[] = [];
  let place: Place | undefined = after;
  let told: Place | null = null;
  // Most often every row is wanted; if not, the next step reads as many as it may.
  for (let limit = n; reading.hasRoom; limit = maxStep) {
    const from = place;
    const page = await reading.step(() => source.read(from, limit));
    for (const [at, row] of page.rows.entries()) {
      const judged = source.judge(row);
      const verdict = typeof judged === 'string' ? judged : await judged;
      if (verdict !== 'hidden') told = source.placeOf(row);
      if (verdict !== 'wanted') continue;
      rows.push(row);
      const isLast = at === page.rows.length - 1 && page.next === null;
      if (rows.length === n) return { rows, next: isLast ? null : source.placeOf(row) };
    }
    if (page.next === null) return { rows, next: null };
    place = page.next;
    if (source.mayTell(page.next)) told = page.next;
  }
  if (told !== null) return { rows, next: told };
  throw invalidParameter(
    narrowedBy,
    `read the ledger: ${reading.looked} rows, and none that this token may see: must be narrowed by ${narrowedBy}`,
  );
}
