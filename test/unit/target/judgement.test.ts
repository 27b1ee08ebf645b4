import { describe, expect, it } from 'vitest';
import { retryLater, saying } from '../../../src/target/judgement.ts';
import { answer } from '../../support/target-samples.ts';

const nowMs = Date.UTC(2026, 5, 1);

describe('an answer that means to come back', () => {
  it.each([
    // As Discord and Matrix answer.
    [answer(429, '{"message":"You are being rate limited.","retry_after":64.57,"global":false}'), 64_570],
    [answer(429, '{"errcode":"M_LIMIT_EXCEEDED","retry_after_ms":2000}'), 2_000],
    [answer(429, '{"retry_after":0.3004}'), 301],
    [answer(429, '{"retry_after":9}', { 'retry-after': '10' }), 10_000],
    [answer(429, '{"retry_after":11}', { 'retry-after': '10' }), 11_000],
    [answer(429, '{"retry_after":1e9}'), 3_600_000],
    [answer(429, '{"retry_after_ms":1e999}'), undefined],
    [answer(429, '{"retry_after":-1}'), undefined],
    [answer(429, '{"retry_after":"soon","retry_after_ms":5}'), 5],
    [answer(429, '[{"retry_after":1}]'), undefined],
    [answer(429, 'slow down'), undefined],
    [{ ...answer(429, '{"retry_after":1}'), isWhole: false }, undefined],
    [answer(503, '{"retry_after":1}'), undefined],
    [answer(503, '', { 'retry-after': '7' }), 7_000],
  ])('waits as long as it says: %j', (told, afterMs) => {
    const verdict = retryLater(told, nowMs);
    expect(verdict).toMatchObject({ kind: 'retry' });
    expect('afterMs' in verdict ? verdict.afterMs : undefined).toBe(afterMs);
  });
});

describe('what an answer says', () => {
  it('is of a redirect only where it leads', () => {
    const why = 'status 302: redirects are not followed: this one is to';
    const to = (location: string) => saying(answer(302, 'moved to /k3y', { location }));
    expect(to('https://other.test/k3y?a=b')).toBe(`${why} https://other.test`);
    expect(to('/k3y')).toBe(`${why} the same host`);
    expect(saying(answer(304, 'x'))).toBe('status 304: x');
  });

  it('is one line of it, and not all of a long one', () => {
    expect(saying(answer(500, ' a\n\tb '))).toBe('status 500: a b');
    expect(saying(answer(204))).toBe('status 204');
    expect(saying(answer(500, 'x'.repeat(16 * 1024 * 1024)))).toHaveLength('status 500: '.length + 64 * 1024);
  });
});
