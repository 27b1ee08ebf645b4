/**
 * Searches for costly filters by itself: climbs from random ones to ever costlier ones, by steps, which are the
 * same on every machine. What it finds must stay within the bound that the code states.
 */
import { describe, expect, test } from 'vitest';
import {
  compileGlob,
  maxGlobLength,
  maxGlobSteps,
  maxWildcards,
  wildcardsOf,
} from '../../../src/event/glob.ts';
import { PatternList } from '../../../src/event/pattern-list.ts';
import { countSearches } from '../../support/string-searches.ts';

/** Of a host and a name, each of 255 characters, and the slash between. */
const maxKeyLength = 511;
const climbs = 16;
const stepsPerClimb = 5_000;

/** Numerical Recipes' generator: the same climbs in every run. */
function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

interface Candidate {
  readonly glob: string;
  readonly key: string;
}

type Pick = (below: number) => number;

const some = (pick: Pick, letters: string, most: number) =>
  Array.from({ length: 1 + pick(most) }, () => letters[pick(letters.length)]).join('');

/** Replaces, repeats, inserts or removes a part. */
function changed(text: string, pick: Pick, letters: string): string {
  const at = pick(text.length + 1);
  const length = pick(40);
  switch (pick(4)) {
    case 0:
      return text.slice(0, at) + some(pick, letters, 6) + text.slice(at + length);
    case 1:
      return text.slice(0, at) + text.slice(at, at + length).repeat(1 + pick(20)) + text.slice(at + length);
    case 2:
      return text.slice(0, at) + some(pick, letters, 20) + text.slice(at);
    default:
      return text.slice(0, at) + text.slice(at + length);
  }
}

/** Within what a subscriber may ask for. */
function allowed(glob: string): string {
  let text = glob.replace(/\*{3,}/g, '**').slice(0, maxGlobLength);
  while (wildcardsOf(text) > maxWildcards) text = text.replace(/\*+(?!.*\*)/, '');
  return text;
}

/** A repository's key has no empty segment. */
function valid(key: string): string {
  return key
    .replace(/\/+/g, '/')
    .slice(0, maxKeyLength)
    .replace(/^\/|\/$/g, '');
}

function climb(seed: number, costOf: (candidate: Candidate) => number): { best: Candidate; cost: number } {
  const pick = randomOf(seed);
  let best: Candidate = { glob: allowed(some(pick, 'ab/*', 60)), key: valid(some(pick, 'ab/', 200)) };
  let cost = costOf(best);
  for (let step = 0; step < stepsPerClimb; step++) {
    const next = {
      glob: pick(3) === 0 ? best.glob : allowed(changed(best.glob, pick, 'a/*b')),
      key: pick(3) === 0 ? best.key : valid(changed(best.key, pick, 'a/b')),
    };
    const found = costOf(next);
    if (found < cost) continue;
    best = next;
    cost = found;
  }
  return { best, cost };
}

function stepsOf({ glob, key }: Candidate): number {
  const work = { steps: 0, limit: Number.POSITIVE_INFINITY };
  compileGlob(glob)(key, work);
  return work.steps;
}

describe('the costliest glob and repository that a climb finds', () => {
  const found = Array.from({ length: climbs }, (_, seed) => climb(seed + 1, stepsOf));

  test('take no more steps than the code says', () => {
    for (const { best, cost } of found) expect(cost, JSON.stringify(best)).toBeLessThanOrEqual(maxGlobSteps);
  });

  test('are far costlier than what the climb began with, so it does search', () => {
    expect(Math.max(...found.map(({ cost }) => cost))).toBeGreaterThan(300);
  });

  test('make no more searches than the steps that they count', async () => {
    for (const { best, cost } of found) {
      const matches = compileGlob(best.glob);
      const { total } = await countSearches(() => matches(best.key));
      expect(total, JSON.stringify(best)).toBeLessThanOrEqual(2 * cost + 2);
    }
  });

  test('make a whole filter run over its slice by one glob at most', () => {
    for (const { best } of found) {
      const limit = 1_000;
      const list = new PatternList(Array.from({ length: 125 }, (_, n) => `${best.glob.slice(0, 250)}c${n}`));
      let next: number | null = 0;
      let slices = 0;
      do {
        const work = { steps: 0, limit };
        next = list.judge(best.key, next, work);
        expect(work.steps).toBeLessThanOrEqual(limit + maxGlobSteps);
        slices++;
      } while (next !== null && slices < 1_000);
      expect(next).toBeNull();
    }
  });
});

test('a glob made to be costly stays within the bound', () => {
  const piece = `/${'a/'.repeat(20).slice(0, -1)}`;
  const glob = `**${Array.from({ length: 6 }, () => piece).join('*')}*b`;
  expect(glob.length).toBeLessThanOrEqual(maxGlobLength);
  const steps = stepsOf({ glob, key: `${'a/'.repeat(254)}b` });
  expect(steps).toBeGreaterThan(5_000);
  expect(steps).toBeLessThanOrEqual(maxGlobSteps);
});
