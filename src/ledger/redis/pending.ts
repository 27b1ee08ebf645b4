import type { ManifeedError } from '../../errors.ts';
import type { Deferred } from '../../event/observation.ts';
import { isTag } from '../../event/reference.ts';
import { isStoredRepository } from '../../event/stored-repository.ts';
import { decodePending } from '../pending-codec.ts';
import { refusePending } from '../refusal.ts';

/** Null if `encodePending` did not make it. */
export function readPending(text: string): Deferred | null {
  try {
    const observation = decodePending(text);
    const { registry, repository, tag } = observation;
    return isTag(tag) && isStoredRepository(registry, repository) ? observation : null;
  } catch {
    return null;
  }
}

/** The error for a PENDING refusal of `defer.lua`; null if it failed for another reason. */
export function pendingRefusal(error: unknown, more: number, maxPending: number): ManifeedError | null {
  const cause = error instanceof Error ? error.cause : undefined;
  const waiting = cause instanceof Error ? /^PENDING (\d+)/.exec(cause.message)?.[1] : undefined;
  return waiting === undefined ? null : refusePending(Number(waiting), more, maxPending);
}
