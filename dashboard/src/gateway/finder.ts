/** Finds repositories by a part of their name. The gateway finds them by whole segments at their beginning only. */
import { type RepositoryName, repositoryText } from '../lib/reference.ts';

/** Most repositories that one search looks at, and most that it gives. */
export const maxLooked = 10_000;
export const maxFound = 100;
/** Most pages of one search: a gateway whose pages are empty and never end must not be asked for ever. */
export const maxPages = 100;

/** A page of `GET /v1/repositories`. */
export interface RepositoryPage<T> {
  readonly repositories: readonly T[];
  readonly next: string | null;
}

/** Asks for one. @param prefix whole segments; null: all repositories */
export type AskPage<T> = (
  prefix: string | null,
  cursor: string | null,
  signal: AbortSignal,
) => Promise<RepositoryPage<T>>;

export interface Found<T> {
  /** By name, at most `maxFound`. */
  readonly rows: readonly T[];
  /** Whether there may be others: too many were found, or there are more than it looks at. */
  readonly isCut: boolean;
  /** How many it has looked at. */
  readonly looked: number;
}

/** Remembers the pages of one prefix, so that each further letter asks nothing again. */
export class Finder<T extends RepositoryName> {
  readonly #ask: AskPage<T>;
  #prefix: string | null = null;
  #rows: T[] = [];
  /** Where the next page begins; null: there is none. Undefined: no page was asked for yet. */
  #next: string | null | undefined;

  constructor(ask: AskPage<T>) {
    this.#ask = ask;
  }

  /**
   * The repositories whose name has `text`. Only one search at a time.
   *
   * @throws FeedError, also when the signal aborts
   */
  async find(text: string, signal: AbortSignal): Promise<Found<T>> {
    const prefix = prefixOf(text);
    if (prefix !== this.#prefix) {
      this.#prefix = prefix;
      this.#rows = [];
      this.#next = undefined;
    }
    for (let pages = 0; ; pages++) {
      const rows = this.#rows.filter((row) => repositoryText(row).includes(text)).slice(0, maxFound + 1);
      const isEnough = rows.length > maxFound || this.#rows.length >= maxLooked || pages >= maxPages;
      if (isEnough || this.#next === null) {
        const isCut = rows.length > maxFound || this.#next !== null;
        return { rows: rows.slice(0, maxFound), isCut, looked: this.#rows.length };
      }
      const page = await this.#ask(prefix, this.#next ?? null, signal);
      for (const row of page.repositories) this.#rows.push(row);
      this.#next = page.next;
    }
  }
}

/** The whole segments with which a text begins, if the first of them is a host. */
export function prefixOf(text: string): string | null {
  const [host = '', ...others] = text.split('/').slice(0, -1);
  const isHost = /[.:]/.test(host) || host === 'localhost';
  return isHost ? [host, ...others].join('/') : null;
}
