import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ManifeedError } from '../../../src/errors.ts';
import { isTag } from '../../../src/event/reference.ts';
import {
  compareVersionKeys,
  maxRangeLength,
  parseTagRange,
  parseVersionTag,
  versionKey,
} from '../../../src/event/semver-tag.ts';

describe('parseTagRange', () => {
  it.each([
    ['^1.27', '1.27.3', true],
    ['^1.27', 'v1.27.3', true],
    ['^1.27', '1.27', true],
    ['^1.27', 'v1.27', true],
    ['^1.27', '1.28', true],
    ['^1.27', '1', false],
    ['^1.27', '2.0.0', false],
    ['^1.27', '1.27.3-alpine', true],
    ['^1.27', '1.27.3-bookworm-slim', true],
    ['^1.27', '1.27-alpine3.20', true],
    ['^1.27', '1.28.0-rc.1', false],
    ['^1.27', '1.28.0-rc1', false],
    ['^1.27', '1.28.0-beta', false],
    ['>=1.28.0-rc.0', '1.28.0-rc.1', true],
    ['^1.27', '1.27.3_build.5', true],
    ['^1.27', 'latest', false],
    ['^1.27', '1.27.3.4', false],
    ['^1.27', 'sha-4f2a', false],
    ['>=2024.1.0', '2024.01.05', true],
    ['1.x || 3.x', '3.1', true],
    ['*', '0.0.1', true],
  ])('range %s against tag %s is %s', (range, tag, expected) => {
    expect(parseTagRange(range).matches(tag)).toBe(expected);
  });

  it('gives equal ranges one spelling', () => {
    expect(parseTagRange('^1.27').canonical).toBe(parseTagRange(' ^1.27.0 ').canonical);
  });

  it.each(['', '  ', 'no range', '>=>1', `1${' '.repeat(maxRangeLength)}`])('refuses %j by name', (range) => {
    expect(() => parseTagRange(range)).toThrow(ManifeedError);
    expect(() => parseTagRange(range)).toThrow(/^tag: /);
  });
});

describe('parseVersionTag', () => {
  it('reads or declines every tag and throws at none', () => {
    const characters = fc.constantFrom(...'0123456789.-_vrcalph');
    fc.assert(
      fc.property(fc.string({ unit: characters, minLength: 1, maxLength: 40 }).filter(isTag), (tag) => {
        const version = parseVersionTag(tag);
        if (version !== null) expect(Number.isSafeInteger(version.major)).toBe(true);
      }),
      { numRuns: 3_000 },
    );
  });
});

describe('compareVersionKeys', () => {
  it('puts the oldest first, and of one version what one would write last', () => {
    const sorted = [
      ...['_x', 'edge', 'latest', 'sha-4f2a'],
      ...[
        '0.9',
        '1.0.0-rc.1',
        '1.0.0-rc.2',
        '1-alpine',
        '1.0.0-alpine',
        '1',
        '1.0',
        '1.0.0',
        '1.0.0_2',
        'v1.0.0',
      ],
      ...['1.2.9', '1.2.10', '1.10.0-slim', '1.10', '2024.01.05'],
    ];
    const byVersion = (a: string, b: string) => compareVersionKeys(versionKey(a), versionKey(b));
    expect([...sorted].reverse().sort(byVersion)).toEqual(sorted);
  });

  it('is an order', () => {
    const part = fc.constantFrom('1', '2', '10', 'v1');
    const tag = fc
      .tuple(
        part,
        fc.constantFrom('', '.0', '.2'),
        fc.constantFrom('', '.3'),
        fc.constantFrom('', '-rc.1', '-alpine', '_1', '-x'),
      )
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(tag, tag, tag, (a, b, c) => {
        const [x, y, z] = [a, b, c]
          .sort((one, two) => compareVersionKeys(versionKey(one), versionKey(two)))
          .map(versionKey);
        if (x === undefined || y === undefined || z === undefined)
          throw new Error('sort three tags: one is lost');
        expect(compareVersionKeys(x, z)).toBeLessThanOrEqual(0);
        expect(compareVersionKeys(z, x)).toBe(-compareVersionKeys(x, z) || 0);
        expect(compareVersionKeys(x, y) === 0).toBe(x.tag === y.tag);
      }),
    );
  });
});

describe('versionKey', () => {
  it.each([
    ['1.27.3-alpine', 'alpine'],
    ['1.27.3-alpine3.20', 'alpine3.20'],
    ['1.27-bookworm-slim_2', 'bookworm-slim'],
    ['1.27.3-rc.1', ''],
    ['1.27.3_build.5', ''],
    ['1.27.3', ''],
    ['latest', ''],
  ])('of %s names the variant %s', (tag, variant) => {
    expect(versionKey(tag).variant).toBe(variant);
  });
});
