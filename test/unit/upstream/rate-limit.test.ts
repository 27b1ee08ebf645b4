import { expect, it } from 'vitest';
import { parseRetryAfter } from '../../../src/lib/retry-after.ts';
import { judge, parseRateLimit } from '../../../src/upstream/rate-limit.ts';

const now = Date.UTC(2026, 0, 1);

it.each([
  ['120', 120_000],
  ['0', 0],
  ['0.5', 500],
  [new Date(now + 90_000).toUTCString(), 90_000],
  [new Date(now - 90_000).toUTCString(), 0],
  ['999999999', 3_600_000],
  ['soon', null],
  ['-5', null],
  ['2026', 2_026_000],
  ['', null],
  [null, null],
])('parseRetryAfter reads %j as %j ms', (value, expected) => {
  expect(parseRetryAfter(value, now)).toBe(expected);
});

it('parseRateLimit reads the headers of Docker Hub, of its API and of the draft', () => {
  expect(
    parseRateLimit({ 'ratelimit-limit': '100;w=21600', 'ratelimit-remaining': '76;w=21600' }, now),
  ).toEqual({
    remaining: 76,
    limit: 100,
    windowMs: 21_600_000,
    resetMs: null,
  });
  const reset = String(now / 1000 + 30);
  expect(
    parseRateLimit(
      { 'x-ratelimit-limit': '180', 'x-ratelimit-remaining': ['5'], 'x-ratelimit-reset': reset },
      now,
    ),
  ).toEqual({ remaining: 5, limit: 180, windowMs: null, resetMs: 30_000 });
  expect(parseRateLimit({ 'ratelimit-remaining': '3', 'ratelimit-reset': '7' }, now)?.resetMs).toBe(7_000);
  expect(parseRateLimit({ 'ratelimit-remaining': 'plenty' }, now)).toBeNull();
  expect(parseRateLimit({}, now)).toBeNull();
});

const limitOf = (remaining: number) => ({ remaining, limit: 110, windowMs: 100_000, resetMs: null });

it('judge goes on at full speed above half, slows below it, and stops at the reserve', () => {
  expect(judge(limitOf(80), 10, 10).kind).toBe('go');
  expect(judge(limitOf(35), 10, 10)).toEqual({ kind: 'slow', requestsPerSecond: 5, forMs: 60_000 });
  expect(judge(limitOf(11), 10, 10)).toMatchObject({ kind: 'slow', requestsPerSecond: 0.2 });
  expect(judge(limitOf(10), 10, 10)).toEqual({ kind: 'stop', forMs: 30_000 });
  expect(judge(limitOf(0), 10, 10, 1)).toEqual({ kind: 'stop', forMs: 60_000 });
  expect(judge(limitOf(0), 10, 10, 20)).toEqual({ kind: 'stop', forMs: 100_000 });
  expect(judge({ ...limitOf(0), resetMs: 5_000 }, 10, 10, 3)).toEqual({ kind: 'stop', forMs: 5_000 });
  expect(judge(null, 10, 10).kind).toBe('go');
});
