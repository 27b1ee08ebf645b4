/** What a filter may cost, and what it is charged. */
import { describe, expect, test } from 'vitest';
import { ManifeedError } from '../../../src/errors.ts';
import { type FilterInput, parseFilter } from '../../../src/event/filter.ts';
import { maxVerdicts, Verdicts } from '../../../src/event/pattern-list.ts';
import { countSearches } from '../../support/string-searches.ts';

const parse = (input: FilterInput) =>
  parseFilter(input, { defaultRegistry: 'registry.example.com', maxRepositories: 1_000 });

function refusalOf(input: FilterInput) {
  try {
    parse(input);
  } catch (error) {
    if (error instanceof ManifeedError) return { message: error.message, detail: error.detail };
  }
  throw new Error('parse: accepted: must be refused');
}

describe('the bounds of one expression', () => {
  test('a glob has at most 8 wildcards, and the refusal says how many there were', () => {
    expect(parse({ repository: ['team/*a*b*c*d*e*f*g*'] }).wildcards).toBe(8);
    expect(refusalOf({ repository: ['team/*a*b*c*d*e*f*g*h*'] })).toEqual({
      message: expect.stringContaining('has 9 wildcards: a pattern must have at most 8'),
      detail: { parameter: 'repository' },
    });
    expect(parse({ repository: ['team/*****'] }).wildcards).toBe(1);
  });

  test('a tag glob likewise', () => {
    expect(parse({ tag: ['1.*a*b*c*d*e*f*g*'] }).tagConditions).toBe(8);
    expect(refusalOf({ tag: ['1.*a*b*c*d*e*f*g*h*'] })).toMatchObject({ detail: { parameter: 'tag' } });
  });

  test('a range has at most 16 comparators, and the refusal says how many there were', () => {
    const range = (terms: number) =>
      `semver:${Array.from({ length: terms }, (_, n) => `~1.${n}`).join('||')}`;
    expect(parse({ tag: [range(8)] }).tagConditions).toBe(16);
    expect(refusalOf({ tag: [range(9)] })).toEqual({
      message: expect.stringContaining('has 18 comparators (^1.27 counts as two): must have at most 16'),
      detail: { parameter: 'tag' },
    });
  });
});

describe('what a filter is charged', () => {
  test('nothing for everything, and globs and ranges by what they cost', () => {
    expect(parse({})).toMatchObject({ wildcards: 0, tagConditions: 0, memoryBytes: 0 });
    expect(parse({ repository: ['**'], type: ['*'] }).memoryBytes).toBe(0);
    expect(parse({ repository: ['a/*', 'b/**'], tag: ['1.*', 'exact', 'semver:^1'] })).toMatchObject({
      wildcards: 2,
      tagConditions: 3,
    });
  });

  test('platforms by their number, equal ones once, and a thousand are refused before they are read', () => {
    const three = ['linux/amd64', 'linux/arm64', 'linux/arm64/v8', 'linux/arm/v7'];
    expect(parse({ platform: three }).platforms).toHaveLength(3);
    expect(parse({ platform: three }).memoryBytes).toBeGreaterThan(parse({ tag: ['x'] }).memoryBytes);
    const many = Array.from({ length: 1_000 }, () => 'no platform');
    expect(refusalOf({ platform: many })).toEqual({
      message: 'platform: 1000 values: must be at most 20',
      detail: { parameter: 'platform' },
    });
  });

  test('equal tags once', () => {
    expect(parse({ tag: ['1.*', '1.**', 'semver:^1.27', 'semver: ^1.27.0 '] }).tagConditions).toBe(3);
  });

  test('more memory for more names, tags, globs and comparators', () => {
    const names = (count: number) => Array.from({ length: count }, (_, n) => `team/app-${n}`);
    const bytes = (input: FilterInput) => parse(input).memoryBytes;
    expect(bytes({ repository: names(100) })).toBeGreaterThan(50 * 1_000);
    expect(bytes({ repository: names(100), tag: names(50).map((_, n) => `t${n}`) })).toBeGreaterThan(200_000);
    expect(
      bytes({ tag: [`semver:${Array.from({ length: 8 }, (_, n) => `~1.${n}`).join('||')}`] }),
    ).toBeGreaterThan(5_000);
  });
});

describe('a verdict about a repository', () => {
  const repository = Array.from({ length: 100 }, (_, n) => `**t*e*a*m*${n}x*`);

  test('is found once', async () => {
    const filter = parse({ repository });
    const judge = () => filter.matchesRepository('registry.example.com/team/app');
    const first = await countSearches(judge);
    const second = await countSearches(judge);
    expect(first.total).toBeGreaterThan(200);
    expect(second.total).toBe(0);
  });

  test('is the same whether it is found at once or in parts', () => {
    for (const key of ['registry.example.com/team/77x', 'registry.example.com/team/none']) {
      const whole = parse({ repository }).matchesRepository(key);
      const filter = parse({ repository });
      let next: number | null = 0;
      let parts = 0;
      while (next !== null) {
        next = filter.judgeRepository(key, next, { steps: 0, limit: 20 });
        parts++;
      }
      expect(parts).toBeGreaterThan(5);
      expect(filter.matchesRepository(key)).toBe(whole);
    }
  });

  test('is forgotten with all others at their bound', () => {
    const verdicts = new Verdicts(10);
    const owners = [{}, {}];
    for (let n = 0; n < 100; n++) {
      for (const owner of owners) verdicts.set(owner, `r${n}`, true);
      expect(verdicts.count).toBeLessThanOrEqual(10);
      expect(verdicts.get(owners[1] ?? {}, `r${n}`)).toBe(true);
    }
    expect(verdicts.get(owners[0] ?? {}, 'r0')).toBeUndefined();
    expect(maxVerdicts).toBeLessThanOrEqual(100_000);
  });
});
