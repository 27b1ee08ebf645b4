/** `manifeed diff LEFT RIGHT`, from `GET /v1/diff`. */
import { type DiffPage, diffPage } from '../asking/answers.ts';
import type { Ask } from '../asking/gateway.ts';
import { listingOf } from '../asking/listing.ts';
import type { Output } from '../asking/output.ts';
import { pagesOf } from '../asking/pages.ts';
import { Blocks } from '../output/blocks.ts';
import { jsonLine } from '../output/escape.ts';
import { type Difference, differenceLines, type Names } from './lines.ts';
import { diffCode } from './verdict.ts';

interface Sides {
  /** As a person writes them; the gateway reads them. */
  readonly left: string;
  readonly right: string;
  /** Empty: all. */
  readonly tags: readonly string[];
}

/** @returns the exit code */
export async function compareSides(ask: Ask, output: Output, { left, right, tags }: Sides): Promise<number> {
  const query = new URLSearchParams({ left, right });
  for (const tag of tags) query.append('tag', tag);
  const blocks = new Blocks(output.out);
  const tally = new Tally();
  let isWhole = false;
  const list = { path: '/v1/diff', query, place: 'cursor' as const, schema: diffPage };
  for await (const page of pagesOf(ask, list)) {
    const found = differencesOf(page);
    tally.add(page, found);
    const names = { left: page.left.name, right: page.right.name };
    for (const line of differenceLines(found, names, output)) await blocks.add(line);
    await blocks.flush();
    isWhole = page.next === null;
    if (!blocks.hasReader) break;
  }
  if (output.format === 'json') await blocks.add(jsonLine(tally.summary));
  await blocks.flush();
  const unknown: string[] = [];
  for (const name of tally.mustAskFor)
    if ((await listingOf(ask, name)).kind === 'unknown') unknown.push(name);
  for (const doubt of tally.doubts(unknown)) output.warn(doubt);
  output.remark(tally.remark);
  // If the reader has left, what it did not wait for is not known: that is no "the same".
  return diffCode({ isDifferent: tally.isDifferent, isCertain: isWhole && tally.isCertain });
}

/** In the order of the gateway: by repository and tag. */
function differencesOf({ different, onlyLeft, onlyRight }: DiffPage): readonly Difference[] {
  const rows: Difference[] = [
    ...different.map((row) => ({
      ...row,
      type: row.left === null || row.right === null ? ('unknown' as const) : ('different' as const),
    })),
    ...onlyLeft.map((row) => ({ ...row, type: 'only-left' as const, left: row.digest, right: null })),
    ...onlyRight.map((row) => ({ ...row, type: 'only-right' as const, left: null, right: row.digest })),
  ];
  return rows.sort((a, b) => compareText(a.repository, b.repository) || compareText(a.tag, b.tag));
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/** Why an answer is in doubt, for people. */
const doubtTexts: Readonly<Record<string, string>> = {
  'not-granted': 'this token may not see a repository of one side, so its tags seem to be missing there',
  unknown: 'the gateway knows no tag of a repository of one side',
  'not-listed': 'the list of tags of a repository was never read whole, so tags may seem to be missing',
  'no-digest': 'the digest of a tag is not known',
  'not-confirmed': 'when a list of tags was last read is not known',
};
/** The worst first. Others, of later gateways, are worse. */
const reasons = Object.keys(doubtTexts);

/** What all pages come to. */
class Tally {
  readonly #reasons = new Set<string>();
  #names: Names = { left: '', right: '' };
  #listedAt: { left: string | null; right: string | null } | null = null;
  #equal = 0;
  #differences = 0;
  isDifferent = false;

  add(page: DiffPage, found: readonly Difference[]): void {
    this.#names = { left: page.left.name, right: page.right.name };
    const [left, right] = [page.left.listedAt, page.right.listedAt];
    const before = this.#listedAt ?? { left, right };
    this.#listedAt = { left: older(before.left, left), right: older(before.right, right) };
    this.#equal += page.equal;
    this.#differences += found.length;
    if (!page.certain) this.#reasons.add(page.reason ?? 'unknown');
    // Two digests that differ are no matter of what else is known.
    this.isDifferent ||= found.some(
      ({ type }) => type === 'different' || (page.certain && type !== 'unknown'),
    );
  }

  get isCertain(): boolean {
    return this.#reasons.size === 0;
  }

  get #sorted(): readonly string[] {
    return [...this.#reasons].sort((a, b) => reasons.indexOf(a) - reasons.indexOf(b));
  }

  /** A line for each reason. @param unknown repositories that were asked for, and of which nothing is known */
  doubts(unknown: readonly string[]): readonly string[] {
    const { left, right } = this.#names;
    return this.#sorted.map(
      (reason) =>
        `compare ${left} with ${right}: in doubt: ${reason}: ${this.#doubtText(reason, unknown) ?? 'see PROTOCOL.md'}`,
    );
  }

  /** Repositories to ask for, because the lists do not show which of the two is not known. */
  get mustAskFor(): readonly string[] {
    const { left, right } = this.#listedAt ?? { left: null, right: null };
    const names = [this.#names.left, this.#names.right];
    if (!this.#reasons.has('unknown') || left !== null || right !== null) return [];
    return names.some((name) => name.endsWith('/')) ? [] : names;
  }

  /** Of what is not known no list was read; if that holds for one side only, it is that side. */
  #doubtText(reason: string, unknown: readonly string[]): string | undefined {
    if (reason === 'unknown' && unknown.length > 0)
      return `the gateway knows no tag of ${unknown.join(' and of ')}`;
    const { left, right } = this.#listedAt ?? { left: null, right: null };
    if (reason !== 'unknown' || (left === null) === (right === null)) return doubtTexts[reason];
    const name = left === null ? this.#names.left : this.#names.right;
    return name.endsWith('/')
      ? `the gateway knows no tag of a repository below ${name}`
      : `the gateway knows no tag of ${name}`;
  }

  get summary() {
    const { left, right } = this.#names;
    const listedAt = this.#listedAt ?? { left: null, right: null };
    return {
      ...{ type: 'summary', certain: this.isCertain, reason: this.#sorted[0] ?? null },
      left: { name: left, listedAt: listedAt.left },
      right: { name: right, listedAt: listedAt.right },
      ...{ equal: this.#equal, differences: this.#differences },
    };
  }

  get remark(): string {
    const { left, right } = this.#listedAt ?? { left: null, right: null };
    const listed = left === null || right === null ? '' : `, as of ${left} and ${right}`;
    return `${this.#equal} equal, ${this.#differences} different${listed}`;
  }
}

/** RFC 3339 in UTC sorts by time. Null: of one of them it is not known. */
function older(a: string | null, b: string | null): string | null {
  if (a === null || b === null) return null;
  return a < b ? a : b;
}
