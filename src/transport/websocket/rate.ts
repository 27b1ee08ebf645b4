import { ManifeedError } from '../../errors.ts';
import { LeakyBucket } from '../../lib/leaky-bucket.ts';

/** Until a client may ask for as many globs again as a connection may have. */
const secondsToRegain = 25;

/**
 * How fast one WebSocket may ask for globs and ranges: twice as many at once as it may have, so that one that asks
 * for too many is told that and not this; then slowly. Charged before they are parsed: refused ones cost too.
 *
 * @param bucket what the last call returned; null: nothing was asked for yet
 * @param mostHeld `limits.globsPerConnection`
 * @param now monotonic ms
 * @throws TOO_MANY_REQUESTS
 */
export function chargeGlobs(
  bucket: LeakyBucket | null,
  count: number,
  mostHeld: number,
  now: number,
): LeakyBucket {
  const capacity = 2 * mostHeld;
  const perSecond = mostHeld / secondsToRegain;
  const charged = bucket ?? new LeakyBucket();
  if (charged.addIfFits(count, { capacity, perSecond }, now)) return charged;
  throw new ManifeedError(
    'TOO_MANY_REQUESTS',
    `subscribe: ${count} more globs and ranges: must be at most ${capacity} at once, then ${perSecond} a second`,
  );
}

/**
 * What one WebSocket said lately: nothing; one message, and when (monotonic ms); or more. Nearly all clients say one
 * thing and are silent then, and a bucket for each would be a fortieth of their memory.
 */
export type Lately = LeakyBucket | number | null;

/**
 * How fast one WebSocket may say anything, pings included.
 *
 * @param perSecond messages, with a burst of as many, at least 1
 * @returns null: it is too fast
 */
export function chargeMessage(lately: Lately, perSecond: number, now: number): Lately {
  // Whole milliseconds: V8 keeps them in the field itself.
  if (lately === null) return Math.floor(now);
  const rule = { capacity: perSecond, perSecond };
  const isSecond = typeof lately === 'number';
  const bucket = isSecond ? new LeakyBucket() : lately;
  if (isSecond) bucket.add(1, rule, lately);
  return bucket.add(1, rule, now) ? bucket : null;
}

export function tooManyMessages(perSecond: number): ManifeedError {
  return new ManifeedError(
    'TOO_MANY_REQUESTS',
    `read messages: too many: must be at most ${perSecond} a second`,
  );
}
