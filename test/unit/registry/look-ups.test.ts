import { describe, expect, it } from 'vitest';
import { LookUps, lookUpTimeoutMs } from '../../../src/registry/look-ups.ts';
import type { Named } from '../../../src/registry/tags.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { digestOf } from '../../support/ledger-samples.ts';

const names = (count: number) =>
  Array.from({ length: count }, (_, n) => ({ registry: 'r.io', repository: 'a', tag: `t${n}` }));
const found = { digest: digestOf('a'), mediaType: null, size: null };

describe('LookUps', () => {
  it('asks for every tag, eight at a time, and goes on after a refusal', async () => {
    const asked: string[] = [];
    let underWay = 0;
    let most = 0;
    const resolve = async ({ name }: Named, tag: string) => {
      asked.push(`${name}:${tag}`);
      underWay += 1;
      most = Math.max(most, underWay);
      await new Promise((pass) => setImmediate(pass));
      underWay -= 1;
      if (tag === 't3') throw new Error('the registry refused');
      return found;
    };
    await new LookUps({ resolve }, fakeClock()).lookUp(names(30));
    expect(asked.sort()).toEqual(
      names(30)
        .map(({ tag }) => `r.io/a:${tag}`)
        .sort(),
    );
    expect(most).toBe(8);
  });

  it('stops waiting when its time is up, and asks no more', async () => {
    const clock = fakeClock();
    const { promise, resolve: answer } = Promise.withResolvers<typeof found>();
    let asked = 0;
    const resolve = () => {
      asked += 1;
      return promise;
    };
    const over = new LookUps({ resolve }, clock).lookUp(names(30));
    clock.advance(lookUpTimeoutMs);
    await over;
    answer(found);
    await new Promise((pass) => setImmediate(pass));
    expect(asked).toBe(8);
  });
});
