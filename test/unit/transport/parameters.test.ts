import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { flag, list, parseQuery } from '../../../src/transport/parameters.ts';

const schema = z.strictObject({ tag: list.optional(), snapshot: flag.optional() });
const parse = (query: string) => parseQuery(new URLSearchParams(query), schema);

/** How often `run` walks an array with its iterator, as a spread does. */
function countWalks(run: () => void): number {
  const walk = Array.prototype[Symbol.iterator];
  let walks = 0;
  const counting = function (this: unknown[]) {
    walks += 1;
    return Reflect.apply(walk, this, []);
  };
  const set = (value: unknown) =>
    Object.defineProperty(Array.prototype, Symbol.iterator, { value, configurable: true, writable: true });
  set(counting);
  try {
    run();
  } finally {
    set(walk);
  }
  return walks;
}

describe('parseQuery', () => {
  it('makes one list of a parameter that repeats', () => {
    expect(parse('tag=a&snapshot&tag=b&_=1&tag=c')).toEqual({ tag: ['a', 'b', 'c'], snapshot: true });
  });

  it('does not copy the list for each of a thousand values', () => {
    const query = new URLSearchParams('tag=a&'.repeat(1_000));
    // One walk takes each pair apart.
    expect(countWalks(() => parseQuery(query, schema))).toBeLessThan(1_020);
  });

  it('refuses an unknown name before it reads the other values', () => {
    expect(() => parse(`tag=a&${'x=1&'.repeat(10_000)}snapshot=maybe`)).toThrow(
      'x: no such parameter: must be one of tag, snapshot',
    );
  });

  it.each(['__proto__', 'constructor', 'x'.repeat(200)])('refuses the name %s', (name) => {
    expect(() => parse(`${name}=1`)).toThrow(`${name.slice(0, 100)}: no such parameter`);
  });
});
