import { expect, test } from 'vitest';
import { within } from '../../../src/lib/deadline.ts';
import { fakeClock } from '../../support/fake-clock.ts';

const never = () => new Promise<never>(() => {});

test('within gives what the work gives, or its failure, and leaves no timer', async () => {
  const clock = fakeClock();
  const deadline = { clock, timeoutMs: 1_000 };
  expect(await within(deadline, async () => 'done', String)).toBe('done');
  const failing = within(deadline, () => Promise.reject(new Error('away')), String);
  await expect(failing).rejects.toThrow('away');
  expect(clock.waiting).toBe(0);
});

test('within ends at the time limit, aborts the work, and ignores what becomes of it', async () => {
  const clock = fakeClock();
  const work = Promise.withResolvers<string>();
  let seen: AbortSignal | null = null;
  const waiting = within(
    { clock, timeoutMs: 1_000 },
    (signal) => {
      seen = signal;
      return work.promise;
    },
    (why) => why,
  );
  clock.advance(1_000);
  expect(await waiting).toBe('timeout');
  expect(seen).toMatchObject({ aborted: true });
  work.reject(new Error('too late to matter'));
});

test('within ends when its signal aborts, and begins nothing after that', async () => {
  const clock = fakeClock();
  const stop = new AbortController();
  const deadline = { clock, timeoutMs: 1_000, signal: stop.signal };
  const waiting = within(deadline, never, (why) => why);
  stop.abort();
  expect(await waiting).toBe('aborted');
  let begun = false;
  const late = within(
    deadline,
    async () => {
      begun = true;
    },
    () => {
      throw new Error('closed');
    },
  );
  await expect(late).rejects.toThrow('closed');
  expect([begun, clock.waiting]).toEqual([false, 0]);
});
