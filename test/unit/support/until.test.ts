import { describe, expect, it } from 'vitest';
import { inTime, until } from '../../support/until.ts';

describe('until', () => {
  it('says how far it got, and what the last look failed with', async () => {
    let looks = 0;
    const waiting = until(
      () => `the third look, after ${looks > 0}`,
      () => {
        looks += 1;
        throw new Error('refused');
      },
      1,
    );
    await expect(waiting).rejects.toThrow(
      'wait for the third look, after true: not so after 1 ms: Error: refused',
    );
  });

  it('takes a look that failed for one that found nothing', async () => {
    let looks = 0;
    await until('the second look', () => {
      looks += 1;
      if (looks === 1) throw new Error('not yet');
      return true;
    });
    expect(looks).toBe(2);
  });
});

describe('inTime', () => {
  it('gives what comes, and fails by name if nothing does', async () => {
    expect(await inTime('a number', Promise.resolve(7))).toBe(7);
    await expect(inTime('a number', Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    await expect(inTime('a number', new Promise(() => {}), 1)).rejects.toThrow(
      'wait for a number: not so after 1 ms',
    );
  });
});
