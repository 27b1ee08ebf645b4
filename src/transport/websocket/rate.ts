import { ManifeedError } from '../../errors.ts';
import { LeakyBucket } from '../../lib/leaky-bucket.ts';

/** Time until a client may ask for as many globs again as a connection may have. */
const secondsToRegain = 25;

/**
 * Limits how fast one WebSocket asks for globs and ranges: twice as many at once as it may have, then slowly.
 * Twice, so that a client that asks for too many gets that error and not this one. Charged before parsing, because
 * refused ones cost too.
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
 * What one WebSocket sent lately: nothing; one message, and when (monotonic ms); or more. Nearly all clients send one
 * message and are silent then, and a bucket for each would be a fortieth of their memory.
 */
export type Lately = LeakyBucket | number | null;

/**
 * Limits how fast one WebSocket sends anything, pings included.
 *
 * @param perSecond messages, with a burst of as many, at least 1
 * @param now monotonic ms
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
