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
): LeakyBucket | null {
  if (count === 0) return bucket;
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
 * How fast one WebSocket may say anything, pings included.
 *
 * @param messagesPerSecond with a burst of as many
 * @param now monotonic ms
 * @returns why it is too fast; null where it is not
 */
export function chargeMessage(
  bucket: LeakyBucket,
  messagesPerSecond: number,
  now: number,
): ManifeedError | null {
  const rule = { capacity: messagesPerSecond, perSecond: messagesPerSecond };
  if (bucket.add(1, rule, now)) return null;
  return new ManifeedError(
    'TOO_MANY_REQUESTS',
    `read messages: too many: must be at most ${messagesPerSecond} a second`,
  );
}
