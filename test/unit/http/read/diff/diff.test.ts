/** Comparisons against a naive model: both sides as maps, held whole. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseFilter } from '../../../../../src/event/filter.ts';
import type { Observation } from '../../../../../src/event/observation.ts';
import { repositoryKey, repositoryOfKey } from '../../../../../src/event/reference.ts';
import { type DiffPage, diff, maxPaths } from '../../../../../src/http/read/diff/diff.ts';
import { type DiffPlace, parseSide, pathOf, type Side } from '../../../../../src/http/read/diff/side.ts';
import type { TagState } from '../../../../../src/ledger/ledger.ts';
import type { TagListPage, TagListQuery, TagPlace } from '../../../../../src/ledger/queries.ts';
import { OneATurn } from '../../../../../src/lib/one-a-turn.ts';
import { maxRows, Reading } from '../../../../../src/reading/reading.ts';
import { type AskedLedger, openAskedLedger } from '../../../../support/asked-ledger.ts';
import { tagSeen } from '../../../../support/ledger-samples.ts';

const repositories = ['a.io/x', 'a.io/x/y', 'a.io/x/y/z', 'a.io/x-y', 'b.io/y', 'b.io/y/z', 'b.io/hidden/y'];
const sides = ['a.io/x', 'a.io/x/y', 'b.io/y', 'a.io/', 'b.io/', 'a.io/x/', 'b.io/hidden/', 'c.io/'];
const tags = ['1.0', '1.0-rc', '1.1', '2', 'latest', 'sha256-0'];

const push = fc.record({
  key: fc.constantFrom(...repositories),
  tag: fc.constantFrom(...tags),
  word: fc.constantFrom('one', 'two', null),
});
const question = fc
  .record({
    left: fc.constantFrom(...sides),
    right: fc.constantFrom(...sides),
    tag: fc.constantFrom([], ['1.*'], ['semver:^1'], ['latest', '2']),
    n: fc.integer({ min: 1, max: 6 }),
  })
  .filter(({ left, right }) => left !== right && left.endsWith('/') === right.endsWith('/'));

const grant = {
  ...{ name: 'g', key: 'g', owner: null, admin: false, metrics: false, unpaced: false },
  patterns: ['**'],
  allows: (key: string) => !key.includes('hidden'),
};
const side = (text: string) => parseSide(text, 'left', 'docker.io');
const filterOf = (tag: readonly string[]) =>
  parseFilter({ tag }, { defaultRegistry: 'docker.io', maxRepositories: 9 });
const readingFor = (rows = maxRows) =>
  new Reading({ grant, turns: new OneATurn(), isGone: () => false, maxRows: rows });

function observe(key: string, tag: string, word: string | null, at: number): Observation {
  const [registry = '', ...rest] = key.split('/');
  const seen = tagSeen(tag, word ?? 'none', at, { registry, repository: rest.join('/') });
  return word === null ? { ...seen, digest: null } : seen;
}

/** What one side has, by path and tag. */
async function model(ledger: AskedLedger, of: Side, matches: (tag: string) => boolean) {
  const all: TagState[] = [];
  for (let place: TagPlace | null | undefined; place !== null; ) {
    const page: TagListPage = await ledger.listTags({ ...(place && { after: place }), limit: 1_000 });
    all.push(...page.tags);
    place = page.next;
  }
  const found = new Map<string, TagState>();
  for (const row of all) {
    const path = pathOf(of, repositoryKey(row));
    if (path !== null && grant.allows(repositoryKey(row)) && matches(row.tag))
      found.set(`${path} ${row.tag}`, row);
  }
  return found;
}

const nameOf = ({ path, tag }: DiffPlace) => `${path} ${tag}`;
const inOrder = (names: Iterable<string>) => [...names].sort();

const xAndY = { left: side('a.io/x'), right: side('b.io/y'), filter: filterOf([]) };

/** A ledger whose every repository has the same 4,000 tags; it answers from an index, so it looks at no other rows. */
function alike(wordOf: (key: string) => string) {
  const names = Array.from({ length: 4_000 }, (_, i) => `t${i}`).sort();
  return {
    listTags({ within, after, limit }: TagListQuery): Promise<TagListPage> {
      const [key = ''] = within !== undefined && 'repositories' in within ? within.repositories : [];
      const at = after === undefined ? 0 : names.indexOf(after.tag) + 1;
      const found = names.slice(at, at + limit).map((tag) => {
        const { digest, mediaType, size } = tagSeen(tag, wordOf(key), 0);
        const times = { firstSeenAt: 0, updatedAt: 0, sequence: 0 };
        return { ...repositoryOfKey(key), tag, digest, mediaType, size, ...times };
      });
      const next = at + limit < names.length ? (found.at(-1) ?? null) : null;
      return Promise.resolve({ tags: found, next, looked: found.length });
    },
    listRepositories: () => Promise.resolve({ repositories: [], next: null, looked: 1 }),
  };
}

describe('diff', () => {
  it('gives what the model has, each tag once and in order, in pages of any size and any number of rows', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(push, { maxLength: 50 }),
        question,
        fc.integer({ min: 1, max: 5 }),
        async (pushes, { left, right, tag, n }, steps) => {
          const ledger = await openAskedLedger({ maxRowsLookedAt: steps });
          for (const { key, tag: pushed, word } of pushes) {
            ledger.clock.advance(10);
            await ledger.record([observe(key, pushed, word, ledger.clock.now())]);
          }
          const filter = filterOf(tag);
          const sidesOf = { left: side(left), right: side(right) };
          const [a, b] = await Promise.all([
            model(ledger, sidesOf.left, filter.matchesTag),
            model(ledger, sidesOf.right, filter.matchesTag),
          ]);
          const pages: DiffPage[] = [];
          let after: DiffPlace | undefined;
          do {
            const page = await diff(ledger, readingFor(), { ...sidesOf, filter, after, n });
            const { different, onlyLeft, onlyRight } = page;
            expect(different.length + onlyLeft.length + onlyRight.length).toBeLessThanOrEqual(n);
            pages.push(page);
            after = page.next ?? undefined;
          } while (after !== undefined);
          const both = [...a.keys()].filter((name) => b.has(name));
          const isEqual = (name: string) => {
            const digest = a.get(name)?.digest ?? null;
            return digest !== null && digest === b.get(name)?.digest;
          };
          expect(pages.flatMap(({ onlyLeft }) => onlyLeft.map(nameOf))).toEqual(
            inOrder([...a.keys()].filter((name) => !b.has(name))),
          );
          expect(pages.flatMap(({ onlyRight }) => onlyRight.map(nameOf))).toEqual(
            inOrder([...b.keys()].filter((name) => !a.has(name))),
          );
          expect(pages.flatMap(({ different }) => different.map(nameOf))).toEqual(
            inOrder(both.filter((name) => !isEqual(name))),
          );
          for (const one of pages.flatMap(({ different }) => different))
            expect([one.left, one.right]).toEqual([a.get(nameOf(one))?.digest, b.get(nameOf(one))?.digest]);
          expect(pages.reduce((sum, { equal }) => sum + equal, 0)).toBe(both.filter(isEqual).length);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('reads no more rows than fit if all differ', async () => {
    const reading = readingFor();
    const ledger = alike((key) => (key === 'a.io/x' ? 'one' : 'two'));
    const page = await diff(ledger, reading, { ...xAndY, after: undefined, n: 5 });
    expect(page.different).toHaveLength(5);
    // Five of each side, and their two lists.
    expect(reading.looked).toBe(12);
  });

  it('stays within the rows that a request may read, its lists included, and says where to go on', async () => {
    let equal = 0;
    let pages = 0;
    for (let after: DiffPlace | undefined | null; after !== null; pages += 1) {
      const reading = readingFor(6_000);
      const page: DiffPage = await diff(
        alike(() => 'one'),
        reading,
        { ...xAndY, after, n: 1_000 },
      );
      expect(reading.looked).toBeLessThanOrEqual(6_000);
      equal += page.equal;
      after = page.next;
    }
    expect([equal, pages > 1]).toEqual([4_000, true]);
  });

  it('has at most a thousand repositories on a page', async () => {
    const ledger = await openAskedLedger();
    await ledger.record(Array.from({ length: maxPaths + 1 }, (_, i) => observe(`a.io/r${i}`, '1', 'one', 0)));
    const request = {
      left: side('a.io/'),
      right: side('b.io/'),
      filter: filterOf(['none']),
      after: undefined,
      n: 5,
    };
    const page = await diff(ledger, readingFor(), request);
    expect(page.next).not.toBeNull();
    expect(await diff(ledger, readingFor(), { ...request, after: page.next ?? undefined })).toMatchObject({
      next: null,
    });
  });

  it('refuses, rather than telling a name, where it reads nothing that the token may see', async () => {
    const ledger = await openAskedLedger();
    await ledger.record(Array.from({ length: 5_000 }, (_, i) => observe('b.io/hidden/y', `t${i}`, 'one', 0)));
    const request = {
      left: side('a.io/'),
      right: side('b.io/'),
      filter: filterOf([]),
      after: undefined,
      n: 5,
    };
    await expect(diff(ledger, readingFor(6_000), request)).rejects.toMatchObject({
      code: 'PARAMETER_INVALID',
      detail: { parameter: 'left' },
    });
  });
});
