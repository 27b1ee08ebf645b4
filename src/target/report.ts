/** What operators see of targets. No secret is in it. */
import { formatPosition } from '../event/position.ts';
import type { TargetRow } from '../ledger/cursors.ts';
import type { Clock } from '../lib/clock.ts';
import type { Runner } from './runner.ts';
import type { TargetState } from './state.ts';
import type { Targets } from './targets.ts';

/** A change that has been due for longer makes its target late, ms. Retries of the first minutes are shorter. */
export const lateMs = 15 * 60_000;

/**
 * `unserved`: no gateway has its lease now; `elsewhere`: another one has it, and knows more. The others: see
 * `docs/targets.md`. Times are RFC 3339.
 */
export interface TargetReport {
  readonly name: string;
  readonly kind: string;
  /** Whether a test of it needs a reference that the index knows. */
  readonly needsReference: boolean;
  /** Origin of its URL; null: it has none. */
  readonly url: string | null;
  readonly state: TargetState | 'elsewhere' | 'unserved';
  /** Why it is disabled; null: it is not. */
  readonly disabled: string | null;
  readonly retryAt: string | null;
  /** Everything at or before it is done; null: the ledger does not know the target yet. */
  readonly position: string | null;
  /** Positions between that and the newest change. */
  readonly lag: number;
  /** Changes that wait or are under way; null: another gateway knows. */
  readonly waiting: number | null;
  /** When the oldest change that waits was due (recorded, or `minAge` old); null: none is, or another gateway knows. */
  readonly waitingSince: string | null;
  /** Whether that was more than `lateMs` ago. */
  readonly late: boolean;
  /** The gateway that has its lease, and a name of the process; null: none. */
  readonly holder: string | null;
  readonly lastSuccess: string | null;
  readonly lastFailure: { readonly at: string; readonly result: string; readonly why: string } | null;
  /** Since this gateway serves it; null: another one does. */
  readonly counts: Readonly<Record<string, number>> | null;
}

interface ReportParts {
  readonly targets: Targets;
  readonly hub: { readonly head: { readonly epoch: string; readonly sequence: number } };
  readonly clock: Clock;
}

/** All configured targets, in the order of the configuration. @throws UNAVAILABLE */
export async function reportTargets(parts: ReportParts): Promise<readonly TargetReport[]> {
  if (parts.targets.all.size === 0) return [];
  const rows = await parts.targets.rows();
  return [...parts.targets.all.values()].map((served) => {
    const { target, runner } = served;
    const row = rows.get(target.name) ?? null;
    return {
      ...{ name: target.name, kind: target.kind.name, url: target.origin },
      needsReference: target.kind.needsReference,
      ...(runner === null ? fromAfar(row, parts.targets.holder) : fromNear(runner, parts.clock)),
      ...placeOf(runner?.cursor() ?? row?.cursor ?? null, parts.hub.head),
      holder: row?.holder ?? null,
    };
  });
}

type Place = { readonly epoch: string; readonly low: number };

function placeOf(at: Place | null, head: { readonly epoch: string; readonly sequence: number }) {
  // The cursor of a row that the store lost has no epoch.
  if (at === null || at.epoch === '') return { position: null, lag: 0 };
  const lag = at.epoch === head.epoch ? Math.max(0, head.sequence - at.low) : 0;
  return { position: formatPosition(at.epoch, at.low), lag };
}

function fromNear(runner: Runner, clock: Clock) {
  const { account, retryAt, wish, dueSince } = runner;
  const dueForMs = dueSince === null ? null : clock.monotonic() - dueSince;
  const isRetrying = retryAt !== null && runner.state === 'retrying';
  const { lastFailure, lastSuccess, dueTime, retryTime } = account;
  return {
    ...{ state: runner.state, disabled: wish.disabled, waiting: runner.waiting },
    waitingSince: dueSince === null ? null : isoTime(dueTime.at(dueSince)),
    late: dueForMs !== null && dueForMs > lateMs,
    retryAt: isRetrying ? isoTime(Math.max(clock.now(), retryTime.at(retryAt))) : null,
    lastSuccess: lastSuccess === null ? null : isoTime(lastSuccess),
    lastFailure: lastFailure === null ? null : { ...lastFailure, at: isoTime(lastFailure.at) },
    counts: Object.fromEntries(account.counts),
  };
}

/** @param here names this gateway: what it holds without serving it was claimed by it, but the answer was lost */
function fromAfar(row: TargetRow | null, here: string) {
  const isHeld = row !== null && row.holder !== null && row.holder !== here;
  const state: TargetReport['state'] = isHeld ? 'elsewhere' : 'unserved';
  const own = row?.wish.disabled != null ? 'disabled' : row?.wish.paused === true ? 'paused' : state;
  return {
    ...({ state: own, disabled: row?.wish.disabled ?? null, waiting: null, retryAt: null } as const),
    ...{ waitingSince: null, late: false, lastSuccess: null, lastFailure: null, counts: null },
  };
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
