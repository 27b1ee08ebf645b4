/** Lists of tags against a naive model: all rows, filtered and sorted at once. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseFilter } from '../../../../src/event/filter.ts';
import { repositoryKey } from '../../../../src/event/reference.ts';
import { compareVersionKeys, versionKey } from '../../../../src/event/semver-tag.ts';
import { listTags, type TagListRequest } from '../../../../src/http/read/tag-list.ts';
import type { TagState } from '../../../../src/ledger/ledger.ts';
import type { TagPlace } from '../../../../src/ledger/queries.ts';
import { OneATurn } from '../../../../src/lib/one-a-turn.ts';
import { Reading } from '../../../../src/reading/reading.ts';
import { type AskedLedger, openAskedLedger } from '../../../support/asked-ledger.ts';
import { digestOf, tagSeen } from '../../../support/ledger-samples.ts';

const repositories = [
  { registry: 'docker.io', repository: 'library/nginx' },
  { registry: 'r.io', repository: 'a/b' },
  { registry: 'r.io', repository: 'a-b/c' },
  { registry: 'r.io', repository: 'hidden/x' },
];
const tags = ['1.27', '1.27.0', '1.27.3', '1.27.3-alpine', '1.28.0-rc.1', 'v1.28.0', 'latest', '10', '9'];
const words = ['one', 'two'];

const push = fc.record({
  at: fc.nat(repositories.length - 1),
  tag: fc.constantFrom(...tags),
  word: fc.constantFrom(...words),
});
const question = fc.record({
  repository: fc.constantFrom([], ['nginx'], ['r.io/**'], ['nginx', 'r.io/a/b'], ['r.io/a/b']),
  tag: fc.constantFrom([], ['1.*'], ['semver:^1.27'], ['1.27.3', 'latest'], ['latest']),
  word: fc.constantFrom(null, ...words),
  sort: fc.constantFrom('name' as const, 'updated' as const, 'semver' as const),
  order: fc.constantFrom('asc' as const, 'desc' as const),
  n: fc.integer({ min: 1, max: 7 }),
});

const grant = {
  ...{ name: 'g', key: 'g', owner: null, admin: false, metrics: false, unpaced: false },
  patterns: ['docker.io/**', 'r.io/a*/**'],
  allows: (key: string) => !key.includes('hidden'),
};

async function listAll(ledger: AskedLedger, request: Omit<TagListRequest, 'after'>): Promise<TagState[]> {
  const read: TagState[] = [];
  let after: TagPlace | undefined;
  do {
    const reading = new Reading({ grant, turns: new OneATurn(), isGone: () => false });
    const page = await listTags(ledger, reading, { ...request, after });
    expect(page.rows.length).toBeLessThanOrEqual(request.n);
    read.push(...page.rows);
    after = page.next ?? undefined;
  } while (after !== undefined);
  return read;
}

const nameOf = ({ registry, repository, tag }: TagState) => `${registry}/${repository}:${tag}`;
const byName = (a: TagState, b: TagState) => {
  const [one, two] = [a, b].map(({ registry, repository, tag }) => [registry, repository, tag].join('\0'));
  return (one ?? '') < (two ?? '') ? -1 : 1;
};
const compare = {
  name: byName,
  updated: (a: TagState, b: TagState) => a.updatedAt - b.updatedAt || byName(a, b),
  semver: (a: TagState, b: TagState) =>
    compareVersionKeys(versionKey(a.tag), versionKey(b.tag)) || byName(a, b),
};

describe('listTags', () => {
  it('gives what the model has, in its order, in pages of any size', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(push, { maxLength: 40 }), question, async (pushes, asked) => {
        const ledger = await openAskedLedger({ maxRowsLookedAt: 4 });
        for (const { at, tag, word } of pushes) {
          ledger.clock.advance(10);
          await ledger.record([tagSeen(tag, word, ledger.clock.now(), { ...repositories[at] })]);
        }
        const { repository, tag, word, sort, order, n } = asked;
        const filter = parseFilter({ repository, tag }, { defaultRegistry: 'docker.io', maxRepositories: 9 });
        const digest = word === null ? null : digestOf(word);
        const everything = await all(ledger);
        const expected = everything
          .filter((row) => grant.allows(repositoryKey(row)) && filter.matchesRepository(repositoryKey(row)))
          .filter((row) => filter.matchesTag(row.tag) && (digest === null || row.digest === digest))
          .sort(compare[sort]);
        if (order === 'desc') expected.reverse();
        expect((await listAll(ledger, { filter, digest, sort, order, n })).map(nameOf)).toEqual(
          expected.map(nameOf),
        );
      }),
      { numRuns: 150 },
    );
  });

  it('asks for tags by their names where it has them, instead of reading the repository', async () => {
    const ledger = await openAskedLedger();
    await ledger.record([tagSeen('1.0', 'a', 0), tagSeen('1.1', 'b', 1)]);
    const filter = parseFilter(
      { repository: ['registry.example.com:5000/library/base'], tag: ['1.1', '1.9'] },
      { defaultRegistry: 'docker.io', maxRepositories: 9 },
    );
    const open = { ...grant, patterns: ['**'] };
    const reading = new Reading({ grant: open, turns: new OneATurn(), isGone: () => false });
    const request = { filter, digest: null, sort: 'name', order: 'asc', after: undefined, n: 5 } as const;
    expect((await listTags(ledger, reading, request)).rows.map(({ tag }) => tag)).toEqual(['1.1']);
    expect(ledger.asked).toEqual(['states']);
  });

  it('asks for at most a thousand tags by their names, and otherwise reads on', async () => {
    const open = { ...grant, patterns: ['**'], allows: () => true };
    const askedFor = async (count: number) => {
      const ledger = await openAskedLedger();
      await ledger.record([tagSeen('1.0', 'a', 0, { registry: 'r.io', repository: 'a/r7' })]);
      const repository = Array.from({ length: count / 2 }, (_, n) => `r.io/a/r${n}`);
      const filter = parseFilter(
        { repository, tag: ['1.0', '1.1'] },
        { defaultRegistry: 'docker.io', maxRepositories: 1_000 },
      );
      const reading = new Reading({ grant: open, turns: new OneATurn(), isGone: () => false });
      const request = { filter, digest: null, sort: 'name', order: 'asc', after: undefined, n: 5 } as const;
      expect((await listTags(ledger, reading, request)).rows.map(({ tag }) => tag)).toEqual(['1.0']);
      return [...new Set(ledger.asked)];
    };
    expect(await askedFor(1_000)).toEqual(['states']);
    expect(await askedFor(1_002)).toEqual(['listTags']);
  });

  it('asks nothing for a grant that the filter has no part in', async () => {
    const ledger = await openAskedLedger();
    const filter = parseFilter(
      { repository: ['quay.io/**'] },
      { defaultRegistry: 'docker.io', maxRepositories: 9 },
    );
    const named = { ...grant, patterns: ['r.io/a/b'] };
    const reading = new Reading({ grant: named, turns: new OneATurn(), isGone: () => false });
    const request = { filter, digest: null, sort: 'name', order: 'asc', after: undefined, n: 5 } as const;
    expect(await listTags(ledger, reading, request)).toEqual({ rows: [], next: null });
    expect(ledger.asked).toEqual([]);
  });
});

async function all(ledger: AskedLedger): Promise<TagState[]> {
  const read: TagState[] = [];
  let after: TagPlace | undefined;
  do {
    const page = await ledger.listTags({ ...(after !== undefined && { after }), limit: 1_000 });
    read.push(...page.tags);
    after = page.next ?? undefined;
  } while (after !== undefined);
  return read;
}
