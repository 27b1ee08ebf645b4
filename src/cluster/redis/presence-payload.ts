import { setImmediate as nextTurn } from 'node:timers/promises';
import { compileGlob, type GlobMatcher, isGlob, type Work } from '../../event/glob.ts';
import { BoundedMap } from '../../lib/bounded-map.ts';
import { asCount, asList, asText } from '../../redis/reply.ts';
import type { PacedCounts } from '../cluster.ts';

type Row = readonly [key: string, count: number];

/**
 * What a gateway tells the others: `[[key, count]…, …]`, exact keys, globs, and how many subscribers each key left out
 * has on average. Sent are the `maxKeys` keys with the most subscribers. There may be 200,000 keys, twice a second:
 * each part of the counts gets a turn of the event loop.
 *
 * @param maxKeys ≥ 1
 */
export async function encodeCounts(counts: PacedCounts, maxKeys: number): Promise<string> {
  const most = new MostSubscribed(maxKeys);
  for (const part of counts) {
    for (const row of part) most.add(row);
    await nextTurn();
  }
  return most.encode();
}

/** Keeps the keys with the most subscribers; of equal counts, those that come first. */
class MostSubscribed {
  readonly #maxKeys: number;
  /** At most twice `maxKeys`. */
  #kept: Row[] = [];
  /** Keys with no more subscribers than this are left out. */
  #least = 0;
  #keys = 0;
  #sum = 0;

  constructor(maxKeys: number) {
    this.#maxKeys = maxKeys;
  }

  add(row: Row): void {
    const count = row[1];
    if (count <= 0) return;
    this.#keys += 1;
    this.#sum += count;
    if (count <= this.#least) return;
    this.#kept.push(row);
    if (this.#kept.length === 2 * this.#maxKeys) this.#cut();
  }

  encode(): string {
    if (this.#kept.length > this.#maxKeys) this.#cut();
    const told = this.#kept.toSorted(compareCounts);
    const left = this.#keys - told.length;
    const sum = this.#sum - told.reduce((total, [, count]) => total + count, 0);
    return JSON.stringify([
      told.filter(([key]) => !isGlob(key)),
      told.filter(([key]) => isGlob(key)),
      left === 0 ? 0 : Math.round(sum / left),
    ]);
  }

  #cut(): void {
    this.#kept.sort((a, b) => b[1] - a[1]);
    this.#kept.length = this.#maxKeys;
    this.#least = this.#kept.at(-1)?.[1] ?? 0;
  }
}

/** Highest count first, then by name, so that equal counts make equal payloads. */
function compareCounts(a: Row, b: Row): number {
  return b[1] - a[1] || (a[0] < b[0] ? -1 : 1);
}

interface ToldGlob {
  readonly matches: GlobMatcher;
  readonly count: number;
  /** Subscribers of this glob and of all that follow. */
  readonly rest: number;
}

/** The subscribers of one key, as far as its globs are judged. */
interface Sum {
  count: number;
  /** The next glob to judge. */
  next: number;
}

const maxSums = 10_000;

/** What one gateway last told. */
export class ToldCounts {
  readonly version: number;
  readonly #exact: ReadonlyMap<string, number>;
  readonly #globs: readonly ToldGlob[];
  /** Average subscribers of a key that was not sent. */
  readonly #elsewhere: number;
  /** Each change of a repository asks for its sum, and there may be thousands of globs. */
  readonly #sums = new BoundedMap<string, Sum>(maxSums);

  /** Reads what `encodeCounts` made. Null: it did not make this. */
  static read(payload: string, version: string): ToldCounts | null {
    try {
      const [exact, globs, elsewhere] = asList(JSON.parse(payload));
      const rows = { exact: asList(exact).map(readCount), globs: asList(globs).map(readCount) };
      return new ToldCounts(asCount(version), rows, asCount(elsewhere));
    } catch {
      return null;
    }
  }

  private constructor(version: number, rows: { exact: Row[]; globs: Row[] }, elsewhere: number) {
    this.version = version;
    this.#exact = new Map(rows.exact);
    let rest = rows.globs.reduce((sum, [, count]) => sum + count, 0);
    this.#globs = rows.globs.map(([pattern, count]) => {
      const glob = { matches: compileGlob(pattern), count, rest };
      rest -= count;
      return glob;
    });
    this.#elsewhere = elsewhere;
  }

  /**
   * Subscribers of a repository. Strangers choose the globs: those not judged when `work` runs out count as if they
   * matched, so that the pace is slower than R and never faster. The next call goes on with them.
   */
  of(key: string, work: Work): number {
    const sum = this.#sums.getOrMake(key, () => ({
      count: this.#exact.get(key) ?? this.#elsewhere,
      next: 0,
    }));
    for (let glob = this.#globs[sum.next]; glob !== undefined; glob = this.#globs[sum.next]) {
      if (work.steps >= work.limit) return sum.count + glob.rest;
      work.steps++;
      if (glob.matches(key, work)) sum.count += glob.count;
      sum.next++;
    }
    return sum.count;
  }
}

function readCount(row: unknown): Row {
  const [key, count] = asList(row);
  return [asText(key), asCount(count)];
}
