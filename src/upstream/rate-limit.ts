/** What a registry's answer says about how fast to go on. Pure. */
import { maxRetryAfterMs } from '../lib/retry-after.ts';

/** Headers as undici gives them: lower-case names. */
export type AnswerHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

/** How long a slowdown holds without another one. */
const warningMs = 60_000;
const minPauseMs = 1_000;
/** Longest window of a limit that is believed. */
const maxWindowMs = 31 * 24 * 3_600_000;
/** Characters of a list of limits that are read. */
const maxListLength = 1_024;
const minStopMs = 30_000;

/** How to go on. */
export type Verdict =
  | { readonly kind: 'go' }
  | { readonly kind: 'slow'; readonly requestsPerSecond: number; readonly forMs: number }
  /** Send nothing for `forMs`, then one probe. */
  | { readonly kind: 'stop'; readonly forMs: number };

interface RateLimit {
  readonly remaining: number;
  /** Null: the registry names none. */
  readonly limit: number | null;
  /** Window of the limit, ms. */
  readonly windowMs: number | null;
  /** Time until the window restarts, ms. */
  readonly resetMs: number | null;
}

/** First value of a header; null if absent. */
export function headerOf(headers: AnswerHeaders, name: string): string | null {
  const value = headers[name];
  if (value === undefined) return null;
  return typeof value === 'string' ? value : (value[0] ?? null);
}

/** All values of a header, in the order of its lines. */
export function valuesOf(headers: AnswerHeaders, name: string): readonly string[] {
  const value = headers[name];
  if (value === undefined) return [];
  return typeof value === 'string' ? [value] : value;
}

/**
 * Reads Docker Hub's `ratelimit-remaining: 76;w=21600`, `x-ratelimit-*`, and the fields of the IETF draft
 * (draft-ietf-httpapi-ratelimit-headers), older and newer ones. Null: unlimited.
 */
export function parseRateLimit(headers: AnswerHeaders, now: number): RateLimit | null {
  const remaining = field(headers, 'remaining');
  if (remaining === null) return parsePolicies(headers);
  const limit = field(headers, 'limit');
  const reset = field(headers, 'reset');
  const windowSeconds = remaining.window ?? limit?.window ?? null;
  return {
    remaining: remaining.value,
    limit: limit?.value ?? null,
    windowMs: windowSeconds === null ? null : windowSeconds * 1000,
    resetMs: reset === null ? null : resetDelayMs(reset.value, now),
  };
}

/**
 * Slows down linearly over the lower half of the quota above the reserve, and stops at the reserve.
 *
 * @param stops stops in a row before this answer: each probe costs a request, so probes become rarer
 */
export function judge(
  limit: RateLimit | null,
  reserve: number,
  requestsPerSecond: number,
  stops = 0,
): Verdict {
  if (limit === null) return { kind: 'go' };
  const left = limit.remaining - reserve;
  if (left <= 0) return { kind: 'stop', forMs: stopMs(limit, stops) };
  if (limit.limit === null || limit.limit <= reserve) return { kind: 'go' };
  const share = left / (limit.limit - reserve);
  if (share >= 0.5) return { kind: 'go' };
  // The rate that lasts until the window ends; no slower one is needed.
  const sustainable = left / ((limit.resetMs ?? limit.windowMs ?? warningMs) / 1000 || 1);
  const slowed = Math.max(requestsPerSecond * share * 2, sustainable);
  return { kind: 'slow', requestsPerSecond: Math.min(slowed, requestsPerSecond), forMs: warningMs };
}

/** Without a reset time: the time in which a sliding window gives one request back, doubled at each stop. */
function stopMs(limit: RateLimit, stops: number): number {
  if (limit.resetMs !== null) return Math.min(Math.max(limit.resetMs, minPauseMs), maxRetryAfterMs);
  const windowMs = limit.windowMs ?? warningMs;
  const perRequestMs = Math.max(windowMs / Math.max(1, limit.limit ?? 1), minStopMs);
  return Math.min(perRequestMs * 2 ** Math.min(stops, 20), Math.max(windowMs, minStopMs), maxRetryAfterMs);
}

/** `RateLimit: "default";r=50;t=30` with `RateLimit-Policy: "default";q=100;w=60`. Of several, the scarcest counts. */
function parsePolicies(headers: AnswerHeaders): RateLimit | null {
  const policies = itemsOf(headers, 'ratelimit-policy');
  let scarcest: RateLimit | null = null;
  for (const { name, numbers } of itemsOf(headers, 'ratelimit')) {
    const remaining = numbers.get('r');
    if (remaining === undefined || (scarcest !== null && scarcest.remaining <= remaining)) continue;
    const policy = policies.find((one) => one.name === name)?.numbers;
    const [windowMs, resetMs] = [policy?.get('w'), numbers.get('t')].map((seconds) =>
      seconds === undefined ? null : Math.min(seconds * 1000, maxWindowMs),
    );
    scarcest = {
      ...{ remaining, limit: policy?.get('q') ?? null, windowMs: windowMs ?? null },
      resetMs: resetMs === null || resetMs === undefined ? null : Math.min(resetMs, maxRetryAfterMs),
    };
  }
  return scarcest;
}

/** The items of a list of RFC 9651, as far as they are read here: names, and parameters that are whole numbers. */
function itemsOf(headers: AnswerHeaders, header: string) {
  const text = valuesOf(headers, header).join(',').slice(0, maxListLength);
  return text.split(',').flatMap((item) => {
    const [name = '', ...parameters] = item.split(';').map((part) => part.trim());
    const numbers = parameters.flatMap((parameter): [string, number][] => {
      const [, key, digits] = /^([a-z]+)=([0-9]{1,15})$/.exec(parameter) ?? [];
      return key === undefined ? [] : [[key, Number(digits)]];
    });
    return numbers.length === 0 ? [] : [{ name, numbers: new Map(numbers) }];
  });
}

interface Field {
  readonly value: number;
  /** Seconds (`w`). */
  readonly window: number | null;
}

function field(headers: AnswerHeaders, name: string): Field | null {
  const text = headerOf(headers, `ratelimit-${name}`) ?? headerOf(headers, `x-ratelimit-${name}`);
  const match = text === null ? null : /^\s*([0-9]{1,15})(?:\s*;\s*w=([0-9]{1,9}))?/.exec(text);
  if (match?.[1] === undefined) return null;
  return { value: Number(match[1]), window: match[2] === undefined ? null : Number(match[2]) };
}

/** A reset is in seconds from now or, in Docker Hub's API, in seconds since the epoch. */
function resetDelayMs(seconds: number, now: number): number {
  const delayMs = seconds > 1_000_000_000 ? seconds * 1000 - now : seconds * 1000;
  return Math.min(Math.max(0, delayMs), maxRetryAfterMs);
}
