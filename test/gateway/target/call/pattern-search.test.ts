import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../../src/lib/clock.ts';
import { CallError } from '../../../../src/target/call/error.ts';
import { findPattern, type PatternSearch } from '../../../../src/target/call/pattern-search.ts';
import { fakeClock } from '../../../support/fake-clock.ts';

const never = () => new AbortController().signal;

function find(search: Omit<PatternSearch, 'name'>, signal = never(), clock = systemClock) {
  return findPattern({ name: 'failIf', ...search }, { clock, signal });
}

/** Steps of this search double with each letter. */
const endless = { pattern: '^(a+)+$', text: `${'a'.repeat(64 * 1024)}!` };

describe('a pattern in the output of a command', () => {
  it.each([
    ['failed=[1-9]', 'Jobs\nfailed=12', true],
    ['^failed', 'Jobs\nfailed=12', true],
    ['failed=[1-9]', 'failed=0', false],
    ['x', '', false],
  ])('is found as a regular expression finds it: %j in %j', async (pattern, text, isFound) => {
    expect(await find({ pattern, text })).toBe(isFound);
  });

  it('is given up when it takes too long, and nothing else waits for it', async () => {
    const clock = fakeClock();
    const search = find(endless, never(), clock);
    clock.advance(2_000);
    await expect(search).rejects.toMatchObject({
      kind: 'process',
      message: 'search failIf in the output: not done after 2000 ms: must be a simpler pattern',
    });
  });

  it('is given up when the attempt ends', async () => {
    const limit = new AbortController();
    const search = find(endless, limit.signal);
    limit.abort(new CallError('timeout', 'no answer within 1 s'));
    await expect(search).rejects.toMatchObject({ kind: 'timeout' });
    await expect(find(endless, limit.signal)).rejects.toMatchObject({ kind: 'timeout' });
  });

  it('that is none is a failure, not an end', async () => {
    await expect(find({ pattern: '(', text: '' })).rejects.toMatchObject({
      message: expect.stringContaining('search failIf in the output: Invalid regular expression'),
    });
  });
});
