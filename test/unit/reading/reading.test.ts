import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createAuthoriser } from '../../../src/access/authoriser.ts';
import { parseFilter } from '../../../src/event/filter.ts';
import type { Grant } from '../../../src/event/grant.ts';
import { OneATurn } from '../../../src/lib/one-a-turn.ts';
import { collectPage, maxRows, maxStep, Reading, type RowSource } from '../../../src/reading/reading.ts';
import { costlyGlobs, costlyRepository } from '../../support/costly-globs.ts';

function grantOf(...repositories: string[]): Grant {
  const token = { name: 't', sha256: 'x', repositories, unpaced: false, admin: false };
  const authorise = createAuthoriser({
    access: { kind: 'tokens', tokens: [{ ...token, sha256: hashOfT }] },
    ...{ allowNone: false, openIsAdmin: false, defaultRegistry: 'docker.io' },
  });
  const grant = authorise('t');
  if (grant === null) throw new Error('make a grant: the token is not known');
  return grant;
}
/** SHA-256 of `t`. */
const hashOfT = 'e3b98a4da31a127d4bde6e43033f66ba274cab0eb7eb1c70ec41402bf6273dd8';

function readingFor(grant: Grant, isGone = () => false): Reading {
  return new Reading({ grant, turns: new OneATurn(), isGone });
}

/** Rows by number: `keys[i]` is the repository of row i. Each step looks at as many as it may. */
function sourceOf(reading: Reading, keys: readonly string[], wanted: (row: number) => boolean) {
  const limits: number[] = [];
  const filter = parseFilter({}, { defaultRegistry: 'docker.io', maxRepositories: 10 });
  const source: RowSource<number, number> = {
    async read(after = -1, limit) {
      limits.push(limit);
      const rows = keys.slice(after + 1, after + 1 + limit).map((_, at) => after + 1 + at);
      const last = rows.at(-1) ?? after;
      return { rows, next: last + 1 < keys.length ? last : null, looked: rows.length };
    },
    placeOf: (row) => row,
    judge: (row) => reading.judge(filter, keys[row] ?? '', () => wanted(row)),
    mayTell: (row) => reading.grant.allows(keys[row] ?? ''),
  };
  return { source, limits };
}

const open = grantOf('**');
const hidden = 'docker.io/library/hidden';
const seen = 'ghcr.io/team/app';

describe('collectPage', () => {
  it('gives every row that is granted and wanted once, in order, in pages of any size', async () => {
    const row = fc.record({ granted: fc.boolean(), wanted: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fc.array(row, { maxLength: 40 }), fc.integer({ min: 1, max: 9 }), async (rows, n) => {
        const keys = rows.map(({ granted }) => (granted ? seen : hidden));
        const read: number[] = [];
        let after: number | undefined;
        do {
          const reading = readingFor(grantOf(seen));
          const { source } = sourceOf(reading, keys, (at) => rows[at]?.wanted === true);
          const page = await collectPage(reading, source, { after, n, narrowedBy: 'repository' });
          expect(page.rows.length).toBeLessThanOrEqual(n);
          read.push(...page.rows);
          after = page.next ?? undefined;
          if (after !== undefined) expect(keys[after]).toBe(seen);
        } while (after !== undefined);
        expect(read).toEqual(rows.flatMap(({ granted, wanted }, at) => (granted && wanted ? [at] : [])));
      }),
    );
  });

  it('looks at 50,000 rows at most, in steps of 1,000, and says where to go on', async () => {
    const keys = Array.from({ length: maxRows * 2 }, () => seen);
    const reading = readingFor(open);
    const { source, limits } = sourceOf(reading, keys, () => false);
    const page = await collectPage(reading, source, { after: undefined, n: 5, narrowedBy: 'repository' });
    expect(page).toEqual({ rows: [], next: reading.looked - 1 });
    expect(reading.looked).toBeLessThanOrEqual(maxRows);
    expect(reading.looked).toBeGreaterThan(maxRows - maxStep);
    expect(Math.max(...limits)).toBe(maxStep);
  });

  it('reads no more rows than it needs if all are wanted', async () => {
    const reading = readingFor(open);
    const { source, limits } = sourceOf(
      reading,
      Array.from({ length: 500 }, () => seen),
      () => true,
    );
    await collectPage(reading, source, { after: undefined, n: 7, narrowedBy: 'repository' });
    expect(limits).toEqual([7]);
  });

  it('refuses, rather than telling a name, where nothing of 50,000 rows is granted', async () => {
    const keys = [...Array.from({ length: maxRows }, () => hidden), seen];
    const reading = readingFor(grantOf('**/app'));
    const { source } = sourceOf(reading, keys, () => true);
    const page = collectPage(reading, source, { after: undefined, n: 5, narrowedBy: 'prefix' });
    await expect(page).rejects.toMatchObject({ code: 'PARAMETER_INVALID', detail: { parameter: 'prefix' } });
  });

  it('lets other work pass between two steps', async () => {
    let turns = 0;
    let isOver = false;
    const count = () => {
      turns += 1;
      if (!isOver) setImmediate(count);
    };
    setImmediate(count);
    const reading = readingFor(open);
    const { source, limits } = sourceOf(
      reading,
      Array.from({ length: 20_000 }, () => seen),
      () => false,
    );
    await collectPage(reading, source, { after: undefined, n: 5, narrowedBy: 'repository' });
    isOver = true;
    expect(turns).toBeGreaterThanOrEqual(limits.length - 1);
  });

  it('stops when the client has left', async () => {
    let asked = 0;
    const reading = readingFor(open, () => ++asked > 3);
    const { source, limits } = sourceOf(
      reading,
      Array.from({ length: 20_000 }, () => seen),
      () => false,
    );
    const page = collectPage(reading, source, { after: undefined, n: 5, narrowedBy: 'repository' });
    await expect(page).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(limits).toHaveLength(3);
  });
});

describe('judging', () => {
  it('of a thousand costly globs takes turns, and comes to the same verdict', async () => {
    const repository = costlyGlobs(1_000);
    const filter = parseFilter({ repository }, { defaultRegistry: 'docker.io', maxRepositories: 1_000 });
    const reading = readingFor(open);
    const verdicts = [0, 1, 2, 3].map((n) => reading.judge(filter, costlyRepository(n), () => true));
    expect(verdicts.filter((verdict) => verdict instanceof Promise).length).toBeGreaterThan(0);
    expect(await Promise.all(verdicts)).toEqual(['other', 'other', 'other', 'other']);
  });
});
