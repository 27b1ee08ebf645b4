import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ManifeedError } from '../../../../../src/errors.ts';
import {
  maxDepth,
  maxMembers,
  parseInSteps,
} from '../../../../../src/source/webhook/payload/json-in-steps.ts';
import { doAtOnce } from '../../../../support/webhook-read.ts';

/** The value, or that there is none. */
function outcome(parse: () => unknown): unknown {
  try {
    return { value: parse() };
  } catch (error) {
    return error instanceof ManifeedError ? error.code : error instanceof SyntaxError ? 'no JSON' : error;
  }
}
const inSteps = (text: string) => outcome(() => doAtOnce(parseInSteps(text)));
const atOnce = (text: string) => outcome(() => JSON.parse(text));
const filler = ` ${JSON.stringify('x'.repeat(5_000))} `;

describe('JSON in steps', () => {
  test.each([
    ['scalars', '1', ' "a" ', 'null', '-0.5e3', 'true'],
    ['nothing', '', '  ', '"', '"\\"', '01', 'nul', '1 1', '[]]'],
    ['large and empty', `[${' '.repeat(5_000)}]`, `{${'\n'.repeat(5_000)}}`, `[${' '.repeat(5_000)}}`],
    [
      'large',
      `[${filler}]`,
      `{"a":${filler}}`,
      `[[${filler},{}],[]]`,
      ` {"a" :[${filler}, {"b":[1,2]}] , "c":null} `,
    ],
    [
      'names',
      `{"__proto__":${filler}}`,
      `{"a":${filler},"__proto__":{"x":1},"a":2}`,
      `{"a\\"":${filler},"\\u0062":1}`,
    ],
    ['commas', `[${filler},]`, `[,${filler}]`, `{"a":${filler},}`, `[${filler} 1]`, `[1 2,${filler}]`],
    ['colons', `{"a"${filler}}`, `{"a",${filler}}`, `{1:${filler}}`, `{a:${filler}}`, `{"a"::${filler}}`],
    [
      'ends',
      `[${filler}`,
      `{"a":${filler}`,
      `[${filler}}`,
      `{"a":${filler}]`,
      `[${filler}] x`,
      `[${filler},[}]`,
    ],
    [
      'inside',
      `[${filler},{"a":}]`,
      `[${filler},"\t"]`,
      `[${filler},01]`,
      `[${filler},"a]`,
      `[${filler},[1,]]`,
    ],
    ['odd spaces', `[${filler},\u00a01]`, `[\f${filler}]`, `\ufeff[${filler}]`],
  ])('gives what JSON.parse gives: %s', (_what, ...texts) => {
    for (const text of texts) expect(inSteps(text)).toEqual(atOnce(text));
  });

  test('gives what JSON.parse gives for any value, and any damage to it', () => {
    const value = fc.array(fc.json({ maxDepth: 4 }), { minLength: 1, maxLength: 8 });
    const damage = fc.record({
      at: fc.nat(),
      what: fc.constantFrom('', '"', ',', ']', '}', '[', '{', ':', '\\', ' '),
    });
    fc.assert(
      fc.property(value, fc.option(damage), (parts, hurt) => {
        const whole = `{"list":[${parts.join(',')},${filler}],"more":{"x":[${filler},${parts.join(' , ')}]}}`;
        const at = hurt === null ? 0 : hurt.at % whole.length;
        const text = hurt === null ? whole : whole.slice(0, at) + hurt.what + whole.slice(at + 1);
        expect(inSteps(text)).toEqual(atOnce(text));
      }),
      { numRuns: 500 },
    );
  });

  test('reads values as deep as the bound, and refuses deeper ones at once', () => {
    const nested = (depth: number) => `${'['.repeat(depth - 1)}[${filler}]${']'.repeat(depth - 1)}`;
    expect(inSteps(nested(maxDepth))).toEqual(atOnce(nested(maxDepth)));
    expect(inSteps(nested(maxDepth + 1))).toBe('BODY_TOO_LARGE');
    expect(inSteps(nested(maxDepth).slice(0, -1))).toBe('no JSON');
    for (const opening of ['[', '{"a":', '[{"a":[']) {
      const work = parseInSteps(opening.repeat(500_000));
      // The first step already refuses: nothing is gathered of the 500,000.
      expect(outcome(() => work.next())).toBe('BODY_TOO_LARGE');
    }
  });

  test('gives nothing to JSON.parse of a list that does not end', () => {
    const text = `[${'{},'.repeat(330_000)}`;
    const work = parseInSteps(text);
    let steps = 0;
    const run = () => {
      while (work.next().done !== true) steps += 1;
    };
    expect(outcome(run)).toBe('no JSON');
    // Of the search alone: nothing was built.
    expect(steps).toBeLessThan(text.length / 16_384);
  });

  test('takes no object with more members than the bound', () => {
    const object = (count: number) =>
      `{${Array.from({ length: count }, (_, index) => `"k${index}":${index}`).join(',')}}`;
    expect(inSteps(object(maxMembers))).toEqual(atOnce(object(maxMembers)));
    expect(inSteps(object(maxMembers + 1))).toBe('BODY_TOO_LARGE');
  });

  test('takes no number that is too long to be read at once', () => {
    const text = (length: number) => `[${filler},-${'1'.repeat(length - 1)},2]`;
    expect(inSteps(text(4_096))).toEqual(atOnce(text(4_096)));
    for (const long of [text(4_097), text(4_000_000), '1'.repeat(4_097)])
      expect(inSteps(long)).toBe('BODY_TOO_LARGE');
    expect(inSteps('a=%7B'.repeat(1_000))).toBe('no JSON');
  });

  test.each([
    ['small objects', `[${'{"a":1},'.repeat(100_000)}1]`],
    ['empty objects', `[${'{},'.repeat(330_000)}1]`],
    ['numbers', `[${'1,'.repeat(500_000)}1]`],
    ['nested arrays', `[${`${'['.repeat(100)}${']'.repeat(100)},`.repeat(5_000)}1]`],
    ['strings', `[${'"abcdef",'.repeat(110_000)}1]`],
  ])('stops a hundred times in a megabyte of %s', (_what, text) => {
    let steps = 0;
    const work = parseInSteps(text);
    while (work.next().done !== true) steps += 1;
    // Each step has at most a piece of 4,096 characters, or looks at 32,768.
    expect(steps).toBeGreaterThan(text.length / 8_192);
  });
});
