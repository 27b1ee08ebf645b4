import { nameUnknown, type RegistryError, tooManyRequests } from './errors.ts';
import type { Unanswered, WhyNot } from './upstream.ts';

/**
 * The answer to a client if the registry gave none: it says when to come back.
 *
 * @param unknown the name of a repository that the gateway has not heard of; null: it has
 */
export function refusalOf({ why, retryAfterMs }: Unanswered, unknown: string | null): RegistryError {
  // A registry answers so for what does not exist too, and to clients that may not know.
  if (why === 'denied' && unknown !== null) return nameUnknown(unknown);
  return tooManyRequests(`ask registry: ${reasons[why]}: must be asked again later`, retryAfterMs);
}

const reasons = {
  unconfigured: 'it is not configured here',
  busy: 'too many questions to it are under way',
  late: 'it has not answered in time',
  unrecorded: 'its answer cannot be stored now',
  refused: 'it allows no more requests now',
  server: 'it is in trouble',
  timeout: 'it has not answered in time',
  network: 'it cannot be reached',
  denied: "it refuses this gateway's credentials",
  invalid: 'its answer was not one',
  'too-large': 'its answer was too large',
  redirect: 'it leads elsewhere',
  missing: 'it does not serve this',
  closed: 'this gateway is shutting down',
} as const satisfies Record<WhyNot, string>;
