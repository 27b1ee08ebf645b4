import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ManifeedError } from '../../../src/errors.ts';
import { isTag } from '../../../src/event/reference.ts';
import { maxRangeLength, parseTagRange, parseVersionTag } from '../../../src/event/semver-tag.ts';

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
    expect(() => parseTagRange(range)).toThrow(/parse range/);
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
