/**
 * Compares the tags of two repositories, or of all repositories below two folders: one walk over both, which are in the
 * same order, so that neither is held whole.
 */
import { invalidParameter } from '../../../errors.ts';
import type { Digest } from '../../../event/digest.ts';
import type { Filter } from '../../../event/filter.ts';
import type { LedgerQueries } from '../../../ledger/queries.ts';
import { maxStep, type Reading } from '../../../reading/reading.ts';
import { type Certainty, judgeListings } from './certainty.ts';
import type { DiffPlace, Side } from './side.ts';
import { comparePlaces, type SideRow, SideRows } from './side-rows.ts';

export interface DiffRequest {
  readonly left: Side;
  readonly right: Side;
  /** Its tags are compared, and no others. */
  readonly filter: Pick<Filter, 'matchesTag' | 'tagConditions'>;
  readonly after: DiffPlace | undefined;
  /** Most differences, 1–1,000. */
  readonly n: number;
}

/** A tag that both sides have, at digests that differ or of which one is not known (null). */
export interface Different extends DiffPlace {
  readonly left: Digest | null;
  readonly right: Digest | null;
}

export interface DiffPage extends Certainty {
  /** Tags of this page that both sides have at the same digest. */
  readonly equal: number;
  readonly different: readonly Different[];
  readonly onlyLeft: readonly SideRow[];
  readonly onlyRight: readonly SideRow[];
  /** Null: this was the last page. Not null does not promise more differences. */
  readonly next: DiffPlace | null;
}

/** Most paths of one page: their lists are asked for by name. */
export const maxPaths = 1_000;
/** The next step of both sides, and the lists of up to `maxPaths` repositories of each. */
const stepsKept = 4;
/** What comparing one tag costs besides its globs, in steps of judging. */
const stepsPerTag = 10;

/**
 * One page: up to `n` differences, or fewer if the request has read enough.
 *
 * @throws PARAMETER_INVALID naming `left` if the bound was reached within rows that the token may not see
 */
export async function diff(
  ledger: Pick<LedgerQueries, 'listTags' | 'listRepositories'>,
  reading: Reading,
  request: DiffRequest,
): Promise<DiffPage> {
  const { left, right, after } = request;
  const page = new Page(request);
  const sides = [
    new SideRows(ledger, reading, left, after),
    new SideRows(ledger, reading, right, after),
  ] as const;
  const isWhole = await walk(sides, reading, page);
  if (!isWhole && page.place === after) throw tooManyHidden(reading.looked);
  const certainty = await judgeListings(ledger, reading, {
    ...{ left, right, lacksDigest: page.lacksDigest },
    paths: pathsOf(page, request),
  });
  return { ...certainty, ...page.found, next: isWhole ? null : (page.place ?? null) };
}

/** The repositories that the page is about: those with tags on it. */
function pathsOf({ paths }: Page, { left, after }: DiffRequest): readonly string[] {
  if (left.kind === 'repository') return [''];
  // An empty page says that nothing follows where the page before ended.
  return paths.size === 0 && after !== undefined ? [after.path] : [...paths];
}

type Sides = readonly [left: SideRows, right: SideRows];

/** Passes both sides in order. @returns whether it came to their end */
async function walk(sides: Sides, reading: Reading, page: Page): Promise<boolean> {
  const [left, right] = sides;
  // Most often few tags differ; if all do, not much more is read than fits.
  for (let limit = page.room; ; ) {
    const dry = sides.filter((side) => side.isDry);
    if (dry.length > 0) {
      if (page.room === 0 || !reading.hasRoomFor(stepsKept)) return false;
      const step = limit;
      await Promise.all(dry.map((side) => side.read(step)));
      limit = maxStep;
      continue;
    }
    const [a, b] = [left.head, right.head];
    if (a === null && b === null) return true;
    const order = a === null ? 1 : b === null ? -1 : comparePlaces(a, b);
    if (!page.take(order <= 0 ? a : null, order >= 0 ? b : null)) return false;
    if (order <= 0) left.pass();
    if (order >= 0) right.pass();
    const pause = reading.spend(stepsPerTag + page.tagConditions);
    if (pause !== null) await pause;
  }
}

/** What is found for one page. */
class Page {
  readonly paths = new Set<string>();
  readonly #request: DiffRequest;
  readonly #different: Different[] = [];
  readonly #onlyLeft: SideRow[] = [];
  readonly #onlyRight: SideRow[] = [];
  #equal = 0;
  #lacksDigest = false;
  #place: DiffPlace | undefined;

  constructor(request: DiffRequest) {
    this.#request = request;
    this.#place = request.after;
  }

  /** Differences that it still takes. */
  get room(): number {
    return this.#request.n - this.#different.length - this.#onlyLeft.length - this.#onlyRight.length;
  }

  get tagConditions(): number {
    return this.#request.filter.tagConditions;
  }

  /** The last place that both sides have passed. */
  get place(): DiffPlace | undefined {
    return this.#place;
  }

  /** Whether a tag of both sides has no known digest on one of them. */
  get lacksDigest(): boolean {
    return this.#lacksDigest;
  }

  get found(): Pick<DiffPage, 'equal' | 'different' | 'onlyLeft' | 'onlyRight'> {
    return {
      equal: this.#equal,
      different: this.#different,
      onlyLeft: this.#onlyLeft,
      onlyRight: this.#onlyRight,
    };
  }

  /** Takes what one place has on each side. @returns false: the page is full, and the place is for the next one */
  take(a: SideRow | null, b: SideRow | null): boolean {
    const row = a ?? b;
    if (row === null) return true;
    const { path, tag } = row;
    if (this.room === 0 || (this.paths.size === maxPaths && !this.paths.has(path))) return false;
    this.paths.add(path);
    this.#place = { path, tag };
    if (this.#request.filter.matchesTag(tag)) this.#compare(a, b);
    return true;
  }

  #compare(a: SideRow | null, b: SideRow | null): void {
    if (a === null || b === null) {
      if (a !== null) this.#onlyLeft.push(a);
      if (b !== null) this.#onlyRight.push(b);
      return;
    }
    const { path, tag, digest: left } = a;
    const { digest: right } = b;
    if (left === null || right === null) this.#lacksDigest = true;
    if (left !== null && left === right) this.#equal += 1;
    else this.#different.push({ path, tag, left, right });
  }
}

function tooManyHidden(looked: number): Error {
  return invalidParameter(
    'left',
    `compare tags: ${looked} rows, and none to go on at that this token may see: must be narrowed by left and right`,
  );
}
