import { type ErrorCode, ManifeedError } from '../../../errors.ts';
import type { Clock } from '../../../lib/clock.ts';
import type { Log } from '../../../lib/log.ts';
import { RareLog } from '../../../lib/rare-log.ts';

/** Time between two lines of a hook and code. */
export const refusalLogIntervalMs = 10_000;
const maxReasonLength = 500;

/** Logs refused deliveries: one line per hook and code at a time, with the number of those held back. */
export class RefusalLog {
  readonly #log: RareLog;

  constructor(log: Log, clock: Clock) {
    this.#log = new RareLog(log, clock, refusalLogIntervalMs);
  }

  /** @param hook null: a name that is not configured; it may be a secret, so it is not logged */
  refused(hook: { name: string; kind: string } | null, address: string, result: string, error: Error): void {
    const code: ErrorCode = error instanceof ManifeedError ? error.code : 'INTERNAL';
    const about = hook === null ? {} : { hook: hook.name, kind: hook.kind };
    this.#log.warn(
      `${code} ${hook?.name ?? ''}`,
      { ...about, address, result, code, reason: reasonOf(error) },
      'webhook delivery refused',
    );
  }
}

/**
 * A message about a member may repeat the sender's value, so only the member's name is logged. If the ledger
 * refused, the cause is logged too, because the operator has to mend it.
 */
function reasonOf(error: Error): string {
  if (!(error instanceof ManifeedError)) return 'internal error';
  const { parameter } = error.detail ?? {};
  if (parameter !== undefined)
    return `read webhook body: ${parameter}: not acceptable`.slice(0, maxReasonLength);
  const cause = error.cause instanceof Error ? `: ${error.cause.message}` : '';
  return `${error.message}${cause}`.slice(0, maxReasonLength);
}
