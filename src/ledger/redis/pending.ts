/** Observations that wait in Redis for their digest, as the scripts take and give them. */
import type { ManifeedError } from '../../errors.ts';
import type { Deferred } from '../../event/observation.ts';
import { isTag } from '../../event/reference.ts';
import { isStoredRepository } from '../../event/stored-repository.ts';
import { decodePending } from '../pending-codec.ts';
import { refusePending } from '../refusal.ts';

/** Null where it is not what `encodePending` made. */
export function readPending(text: string): Deferred | null {
  try {
    const observation = decodePending(text);
    const { registry, repository, tag } = observation;
    return isTag(tag) && isStoredRepository(registry, repository) ? observation : null;
  } catch {
    return null;
  }
}

/** What `defer.lua` refused because too many wait; null where it failed for another reason. */
export function pendingRefusal(error: unknown, more: number, maxPending: number): ManifeedError | null {
  const cause = error instanceof Error ? error.cause : undefined;
  const waiting = cause instanceof Error ? /^PENDING (\d+)/.exec(cause.message)?.[1] : undefined;
  return waiting === undefined ? null : refusePending(Number(waiting), more, maxPending);
}
