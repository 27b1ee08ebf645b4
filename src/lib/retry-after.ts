/** Longest wait that one answer may impose: a wrong date must not stop everything for a year. */
export const maxRetryAfterMs = 3_600_000;

/**
 * `Retry-After` in seconds or as a date (RFC 9110 §10.2.3), ms from `now`.
 *
 * @param now wall clock, ms since the epoch
 * @returns null if absent or malformed; at most an hour
 */
export function parseRetryAfter(value: string | null, now: number): number | null {
  if (value === null) return null;
  const text = value.trim();
  if (/^[0-9]{1,100}(?:\.[0-9]{1,100})?$/.test(text)) return Math.min(Number(text) * 1000, maxRetryAfterMs);
  const at = Date.parse(text);
  return Number.isNaN(at) || !/[a-z]/i.test(text) ? null : Math.min(Math.max(0, at - now), maxRetryAfterMs);
}
