import type { Digest } from '../../../event/digest.ts';
import { repositoryKey } from '../../../event/reference.ts';
import type { TagState } from '../../../ledger/ledger.ts';
import type { LedgerQueries, TagPlace, Within } from '../../../ledger/queries.ts';
import type { Reading } from '../../../reading/reading.ts';
import { compareText } from '../tag-list.ts';
import { withinOf } from '../within.ts';
import { type DiffPlace, pathOf, type Side, startOf } from './side.ts';

/** A present tag of one side. */
export interface SideRow extends DiffPlace {
  readonly digest: Digest | null;
}

/** Byte order of path and tag: that of the ledger, because all names of a side begin alike. */
export function comparePlaces(a: DiffPlace, b: DiffPlace): number {
  return compareText(a.path, b.path) || compareText(a.tag, b.tag);
}

/** The rows of one side that the token may see, in their order; one step of the ledger is held at a time. */
export class SideRows {
  readonly #ledger: Pick<LedgerQueries, 'listTags'>;
  readonly #reading: Reading;
  readonly #side: Side;
  readonly #within: Within | undefined;
  #rows: readonly SideRow[] = [];
  #at = 0;
  #after: TagPlace | undefined;
  #isOver: boolean;

  constructor(
    ledger: Pick<LedgerQueries, 'listTags'>,
    reading: Reading,
    side: Side,
    after: DiffPlace | undefined,
  ) {
    this.#ledger = ledger;
    this.#reading = reading;
    this.#side = side;
    this.#after = startOf(side, after);
    this.#within = withinOfSide(side, reading);
    const within = this.#within;
    this.#isOver = within !== undefined && 'repositories' in within && within.repositories.length === 0;
  }

  /** Whether the next row has to be read first. */
  get isDry(): boolean {
    return this.#at === this.#rows.length && !this.#isOver;
  }

  /** The next row, unless it is dry; null: there are no more. */
  get head(): SideRow | null {
    return this.#rows[this.#at] ?? null;
  }

  /** Goes on to the row after the head. */
  pass(): void {
    this.#at += 1;
  }

  /** One step. It may find nothing, and still not be over. @param limit rows at most, 1–1,000 */
  async read(limit: number): Promise<void> {
    const after = this.#after;
    const { tags, next } = await this.#reading.step(() =>
      this.#ledger.listTags({
        ...(this.#within !== undefined && { within: this.#within }),
        ...(after !== undefined && { after }),
        limit,
      }),
    );
    this.#rows = this.#visible(tags);
    this.#at = 0;
    this.#after = next ?? undefined;
    this.#isOver = next === null;
  }

  #visible(tags: readonly TagState[]): readonly SideRow[] {
    const rows: SideRow[] = [];
    let repository: string | null = null;
    let path: string | null = null;
    for (const row of tags) {
      // A side is within one registry, so the name alone tells repositories apart.
      if (row.repository !== repository) {
        repository = row.repository;
        const key = repositoryKey(row);
        path = this.#reading.grant.allows(key) ? pathOf(this.#side, key) : null;
      }
      if (path !== null) rows.push({ path, tag: row.tag, digest: row.digest });
    }
    return rows;
  }
}

function withinOfSide({ kind, name }: Side, { grant }: Reading): Within | undefined {
  if (kind === 'repository') return { repositories: [name] };
  return withinOf({ repositories: [], patterns: [`${name}**`] }, grant);
}
