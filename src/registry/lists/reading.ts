import type { OneATurn } from '../../lib/one-a-turn.ts';

/** Rows that one request may look at. */
export const maxRows = 50_000;
/** Rows that one step may look at, and return: the bound of one call of the ledger. */
export const maxStep = 1_000;

/**
 * What one request reads of the ledger: in steps, with a bound on all of them together. Steps of all requests take
 * turns on the event loop, so that a long list delays neither webhooks nor streams.
 */
export class Reading {
  readonly #turns: OneATurn;
  readonly #maxRows: number;
  #looked = 0;

  /**
   * @param turns shared by all requests
   * @param max default `maxRows`
   */
  constructor(turns: OneATurn, max = maxRows) {
    this.#turns = turns;
    this.#maxRows = max;
  }

  /** Whether one more step stays within the bound, however many rows it looks at. */
  get hasRoom(): boolean {
    return this.#looked + maxStep <= this.#maxRows;
  }

  /** One step: one call of the ledger, at its turn. */
  async step<Page extends { readonly looked: number }>(read: () => Promise<Page>): Promise<Page> {
    await (this.#turns.take() ?? undefined);
    const page = await read();
    this.#looked += page.looked;
    return page;
  }
}
