import { expect, it } from 'vitest';
import { parseRetryAfter } from '../../../src/lib/retry-after.ts';
import { afterRefusal, closedBreaker } from '../../../src/upstream/breaker.ts';
import { judge, parseRateLimit } from '../../../src/upstream/rate-limit.ts';

const now = Date.UTC(2026, 0, 1);

it.each([
  ['120', 120_000],
  ['0', 0],
  ['0.5', 500],
  [new Date(now + 90_000).toUTCString(), 90_000],
  [new Date(now - 90_000).toUTCString(), 0],
  ['999999999', 3_600_000],
  ['99999999999', 3_600_000],
  ['9'.repeat(100), 3_600_000],
  ['2.0000000000', 2_000],
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
  const policy = '"burst";q=100;w=60,"day";q=1000;w=86400';
  expect(
    parseRateLimit({ ratelimit: '"burst";r=50;t=30, "day";r=4;t=900', 'ratelimit-policy': policy }, now),
  ).toEqual({
    ...{ remaining: 4, limit: 1_000, windowMs: 86_400_000, resetMs: 900_000 },
  });
  expect(parseRateLimit({ ratelimit: 'default;r=7' }, now)).toEqual({
    ...{ remaining: 7, limit: null, windowMs: null, resetMs: null },
  });
  expect(parseRateLimit({ ratelimit: '"x";r=1;t=999999999999' }, now)?.resetMs).toBe(3_600_000);
  for (const odd of ['', 'limit=100', '"x";t=3', '"x";r=-1', ';'.repeat(2_000)])
    expect(parseRateLimit({ ratelimit: odd }, now)).toBeNull();
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

it.each([null, 0, 0.5, 999])(
  'a refusal that names no real pause (%j ms) makes one that grows',
  (retryAfterMs) => {
    let breaker = closedBreaker;
    const pauses = Array.from({ length: 12 }, () => {
      const { state, pauseMs } = afterRefusal(breaker, retryAfterMs, () => 0.999);
      breaker = state;
      return pauseMs;
    });
    expect(pauses[0]).toBeGreaterThan(500);
    expect(pauses).toEqual([...pauses].sort((one, other) => one - other));
    expect(pauses.at(-1)).toBeGreaterThan(250_000);
  },
);

it('a refusal pauses for as long as it says', () => {
  expect(afterRefusal(closedBreaker, 7_000, () => 0.5).pauseMs).toBe(7_000);
});
