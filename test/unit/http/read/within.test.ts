import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseFilter } from '../../../../src/event/filter.ts';
import { withinOf } from '../../../../src/http/read/within.ts';
import { isWithin } from '../../../../src/ledger/queries.ts';

const filterOf = (repository: readonly string[]) =>
  parseFilter({ repository }, { defaultRegistry: 'docker.io', maxRepositories: 100 });
const patternsOf = (repository: readonly string[]) => {
  const { repositories, patterns } = filterOf(repository);
  return { patterns: [...repositories, ...patterns] };
};

describe('withinOf', () => {
  it.each([
    [['nginx'], ['**'], { repositories: ['docker.io/library/nginx'] }],
    [['ghcr.io/a/**'], ['**'], { below: 'ghcr.io/a' }],
    [['ghcr.io/a/b*', 'ghcr.io/a/c'], ['**'], { below: 'ghcr.io/a' }],
    [['ghcr.io/ab/x*', 'ghcr.io/a/y*'], ['**'], { below: 'ghcr.io' }],
    [['ghcr.io/a/**', 'quay.io/b/**'], ['**'], undefined],
    [['**'], ['**'], undefined],
    [['**/app'], ['ghcr.io/a/**'], { below: 'ghcr.io/a' }],
    [['**'], ['nginx', 'ghcr.io/a/b'], { repositories: ['docker.io/library/nginx', 'ghcr.io/a/b'] }],
    [['ghcr.io/**'], ['nginx', 'ghcr.io/a/b'], { repositories: ['ghcr.io/a/b'] }],
    [['quay.io/**'], ['nginx'], { repositories: [] }],
    [['ghcr.io/a/**'], ['ghcr.io/a/b/**'], { below: 'ghcr.io/a/b' }],
  ])('reads for %j with a grant of %j no more than %j', (asked, granted, within) => {
    expect(withinOf(filterOf(asked), patternsOf(granted))).toEqual(within);
  });

  it('names the repositories of a grant one by one up to a thousand', () => {
    const granted = Array.from({ length: 1_001 }, (_, n) => `ghcr.io/a/r${n}`);
    const most = granted.slice(1);
    expect(withinOf(filterOf(['**']), { patterns: most })).toEqual({ repositories: most });
    expect(withinOf(filterOf(['**']), { patterns: granted })).toEqual({ below: 'ghcr.io/a' });
  });

  it('holds every repository that passes both the filter and the grant', () => {
    const name = fc
      .array(fc.constantFrom('a', 'ab', 'a-b', 'b'), { minLength: 2, maxLength: 4 })
      .map((segments) => segments.join('/'));
    const key = fc.tuple(fc.constantFrom('r.io', 'r.io:5000', 'q.io'), name).map((parts) => parts.join('/'));
    const pattern = fc.oneof(
      key,
      key.map((text) => `${text}/**`),
      key.map((text) => text.replace('/a', '/*')),
      key.map((text) => text.replace(/\/[^/]*$/, '/a*')),
      fc.constantFrom('**', '**/a', '*.io/a/**', 'r.io/**'),
    );
    const patterns = fc.array(pattern, { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(patterns, patterns, fc.array(key, { maxLength: 20 }), (asked, granted, keys) => {
        const filter = filterOf(asked);
        const grant = filterOf(granted);
        const within = withinOf(filter, patternsOf(granted));
        for (const each of [...keys, ...filter.repositories]) {
          if (filter.matchesRepository(each) && grant.matchesRepository(each))
            expect(isWithin(each, within), each).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });
});
