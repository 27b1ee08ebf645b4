import { expect, test } from 'vitest';
import { BoundedMap } from '../../../src/lib/bounded-map.ts';

test('BoundedMap forgets the entry that was added longest ago, and keeps the place of one that is set again', () => {
  const map = new BoundedMap<string, number>(2);
  map.set('a', 1).set('b', 2).set('a', 3);
  expect([...map]).toEqual([
    ['a', 3],
    ['b', 2],
  ]);
  map.set('c', 4);
  expect([...map.keys()]).toEqual(['b', 'c']);
});

test('BoundedMap.renew makes an entry the newest', () => {
  const map = new BoundedMap<string, number>(2);
  map.set('a', 1).set('b', 2);
  map.renew('a', 3);
  map.set('c', 4);
  expect([...map]).toEqual([
    ['a', 3],
    ['c', 4],
  ]);
});

test('BoundedMap holds its bound through evictions, deletions and clearing', () => {
  const map = new BoundedMap<number, number>(100);
  const expected: number[] = [];
  for (let i = 0; i < 5_000; i += 1) {
    map.set(i, i);
    expected.push(i);
    if (expected.length > 100) expected.shift();
    if (i % 7 === 0) {
      map.delete(i - 3);
      if (expected.includes(i - 3)) expected.splice(expected.indexOf(i - 3), 1);
    }
    if (i === 2_500) {
      map.clear();
      expected.length = 0;
    }
    expect(map.size).toBe(expected.length);
  }
  expect([...map.keys()]).toEqual(expected);
});

test('BoundedMap.getOrMake makes what is not known, once', () => {
  const map = new BoundedMap<string, string>(1);
  let made = 0;
  const make = (key: string) => `${key}${++made}`;
  expect([map.getOrMake('a', make), map.getOrMake('a', make), map.getOrMake('b', make)]).toEqual([
    'a1',
    'a1',
    'b2',
  ]);
  expect(map.size).toBe(1);
});
