/** Logs refused deliveries: one line per hook and code every ten seconds, with the number of those held back. */
import { type ErrorCode, ManifeedError } from '../../../errors.ts';
import type { Clock } from '../../../lib/clock.ts';
import type { Log } from '../../../lib/log.ts';

export const refusalLogIntervalMs = 10_000;
const maxReasonLength = 500;

interface Line {
  readonly loggedAt: number;
  suppressed: number;
}

export class RefusalLog {
  readonly #log: Log;
  readonly #clock: Clock;
  /** By hook and code: bounded by the configuration and the catalogue of errors. */
  readonly #lines = new Map<string, Line>();

  constructor(log: Log, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  /** @param hook null: a name that is not configured; it may be a secret, so it is not logged */
  refused(hook: { name: string; kind: string } | null, address: string, result: string, error: Error): void {
    const code: ErrorCode = error instanceof ManifeedError ? error.code : 'INTERNAL';
    const suppressed = this.#turn(`${code} ${hook?.name ?? ''}`);
    if (suppressed === null) return;
    const about = hook === null ? {} : { hook: hook.name, kind: hook.kind };
    const more = suppressed === 0 ? {} : { suppressed };
    this.#log.warn(
      { ...about, address, result, code, reason: reasonOf(error), ...more },
      'webhook delivery refused',
    );
  }

  /** How many lines were held back since the last one; null: hold this one back too. */
  #turn(key: string): number | null {
    const now = this.#clock.monotonic();
    const line = this.#lines.get(key);
    if (line !== undefined && now - line.loggedAt < refusalLogIntervalMs) {
      line.suppressed += 1;
      return null;
    }
    this.#lines.set(key, { loggedAt: now, suppressed: 0 });
    return line?.suppressed ?? 0;
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
