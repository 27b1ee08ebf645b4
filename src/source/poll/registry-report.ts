import type { Clock } from '../../lib/clock.ts';
import type { RegistryPoller } from './registry-poller.ts';

/** A registry that refused within this time still counts as throttled, ms. */
const throttledForMs = 10 * 60_000;
/** From this many failures in a row on it is no accident. */
const failingFrom = 2;

/** How a registry does. Times are RFC 3339. */
export interface RegistryReport {
  readonly registry: string;
  /**
   * `throttled`: within ten minutes it answered 429, or 503 with `Retry-After`, or it asked for a pause. `failing`: it
   * failed twice in a row or more. `left-alone`: so often that nothing is asked. `probing`: it is asked one question,
   * to see whether it answers again.
   */
  readonly state: 'ok' | 'throttled' | 'failing' | 'left-alone' | 'probing';
  /** Null: it is asked. */
  readonly leftAloneUntil: string | null;
  /** Repositories polled. */
  readonly repositories: number;
  /** Configured repositories that the registry does not have: how many, and one of them; null: none. */
  readonly absent: { readonly count: number; readonly repository: string } | null;
  /**
   * Repositories that the registry answers for, but not so that they can be read, at least twice in a row: how many,
   * one of them, why (an `UpstreamReason`), and its last error; null: none.
   */
  readonly unreadable: {
    readonly count: number;
    readonly repository: string;
    readonly reason: string;
    readonly error: string;
  } | null;
  /** The last look that failed since the start; null: none did. */
  readonly lastFailure: { readonly at: string; readonly repository: string; readonly reason: string } | null;
}

type Reported = Pick<
  RegistryPoller,
  'breakerMode' | 'failuresInRow' | 'backoffMs' | 'client' | 'states' | 'lastFailure'
>;

export function registryReport(registry: string, poller: Reported, clock: Clock): RegistryReport {
  const { breakerMode, failuresInRow, backoffMs, client, states, lastFailure } = poller;
  const { pausedForMs, refusedAt } = client;
  const isThrottled =
    pausedForMs > 0 || (refusedAt !== null && clock.monotonic() - refusedAt < throttledForMs);
  const left = { closed: null, open: 'left-alone', probing: 'probing' } as const;
  const answering = failuresInRow >= failingFrom ? 'failing' : isThrottled ? 'throttled' : 'ok';
  const state = left[breakerMode] ?? answering;
  // Waiting for our own budget is no pause.
  const isLeftAlone = breakerMode === 'open' || pausedForMs > 0;
  return {
    ...{ registry, state, repositories: states.size },
    ...{ absent: absentOf(states), unreadable: unreadableOf(states) },
    leftAloneUntil: isLeftAlone ? isoTime(clock.now() + backoffMs) : null,
    lastFailure: lastFailure === null ? null : { ...lastFailure, at: isoTime(lastFailure.at) },
  };
}

function absentOf(states: Reported['states']): RegistryReport['absent'] {
  let count = 0;
  let first: string | null = null;
  for (const [repository, { isAbsent }] of states) {
    if (!isAbsent) continue;
    count += 1;
    first ??= repository;
  }
  return first === null ? null : { count, repository: first };
}

/** What is wrong with one repository; the others are of the registry, or of this gateway. */
const ofRepository = new Set<string | null>(['denied', 'invalid', 'too-large', 'redirect', 'missing']);

function unreadableOf(states: Reported['states']): RegistryReport['unreadable'] {
  let count = 0;
  let first: Omit<NonNullable<RegistryReport['unreadable']>, 'count'> | null = null;
  for (const [repository, { failures, lastReason: reason, lastError: error }] of states) {
    if (failures < failingFrom || reason === null || error === null || !ofRepository.has(reason)) continue;
    count += 1;
    first ??= { repository, reason, error };
  }
  return first === null ? null : { count, ...first };
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
