/** How long the other side asks to wait. */

/** The longest wait that a gateway or a proxy may ask for, ms. */
const maxRetryMs = 600_000;

/** `Retry-After`: seconds, or a date (RFC 9110, 10.2.3); in ms. Null: absent, or neither. */
export function retryAfterOf(text: string | null, now: number): number | null {
  if (text === null || text === '') return null;
  return boundedRetry(/^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - now);
}

/** A wait that the other side asks for, ms. Null if it asks for none: the client must not come back at once. */
export function boundedRetry(ms: number | null): number | null {
  return ms !== null && ms > 0 ? Math.min(ms, maxRetryMs) : null;
}
