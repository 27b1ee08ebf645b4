import { expect, it } from 'vitest';
import {
  costlyGlobs,
  costlyRanges,
  costlyRepository,
  globsPerConnection,
  manyNames,
  perConnection,
  rangesPerConnection,
  toQuery,
} from '../../../load-tests/filters/costly.ts';
import { type FilterInput, parseFilter } from '../../../src/event/filter.ts';
import { maxWildcards } from '../../../src/event/glob.ts';
import { isRepository } from '../../../src/event/reference.ts';
import { maxComparators } from '../../../src/event/semver-tag.ts';
import { defaultInterestLimits } from '../../support/interest-limits.ts';

const parse = (input: FilterInput) =>
  parseFilter(input, { defaultRegistry: 'docker.io', maxRepositories: 1_000 });

it('attacks with as much as the default limits allow, and no more', () => {
  expect(perConnection).toBe(defaultInterestLimits.globsPerConnection);
  const globs = parse({ repository: costlyGlobs(globsPerConnection, 40_000) });
  expect(globs.patterns).toHaveLength(globsPerConnection);
  expect(globs.wildcards).toBe(globsPerConnection * maxWildcards);
  expect(globs.wildcards).toBe(perConnection);
  const ranges = parse({ tag: costlyRanges(rangesPerConnection) });
  expect(ranges.tagConditions).toBe(rangesPerConnection * maxComparators);
  expect(ranges.tagConditions).toBeLessThanOrEqual(perConnection);
  const bytes = parse(manyNames()).memoryBytes;
  expect(bytes).toBeLessThanOrEqual(defaultInterestLimits.filterBytesPerConnection);
  expect(bytes).toBeGreaterThan(0.85 * defaultInterestLimits.filterBytesPerConnection);
});

it('asks by globs that match none of the changes, but have to be walked', () => {
  const key = costlyRepository(7);
  expect(isRepository(key.slice(key.indexOf('/') + 1))).toBe(true);
  const work = { steps: 0, limit: Number.POSITIVE_INFINITY };
  const filter = parse({ repository: costlyGlobs(globsPerConnection) });
  expect(filter.judgeRepository(key, 0, work)).toBeNull();
  expect(filter.matchesRepository(key)).toBe(false);
  expect(work.steps).toBeGreaterThan(10 * globsPerConnection);
});

it('writes lists as parameters that repeat', () => {
  expect(toQuery({ repository: ['a/*', 'b'], after: 'e-0' })).toBe('repository=a%2F*&repository=b&after=e-0');
});
