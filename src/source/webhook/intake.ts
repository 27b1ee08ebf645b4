import { setImmediate } from 'node:timers/promises';
import { type ErrorCode, ManifeedError } from '../../errors.ts';
import type { Observation, TagObserved } from '../../event/observation.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { Metrics } from '../../lib/metrics.ts';
import { RareLog } from '../../lib/rare-log.ts';
import type { HookAnswer, Normalised } from './collector.ts';
import type { FetchText, HookOptions } from './kind.ts';
import type { DeliveryLog, DeliveryResult, Tally } from './log/deliveries.ts';
import type { Arrival } from './receive.ts';

/** Where deliveries are stored. The ledger implements it. Both methods resolve once the data is durable. */
export interface DeliveryStore {
  /** Resolves with the ledger's outcome for each observation, in order. @throws UNAVAILABLE: nothing was stored */
  record(observations: readonly Observation[]): Promise<{ readonly outcomes: readonly string[] }>;
  /** Keeps tags without digest for completion. @throws UNAVAILABLE: nothing was stored */
  defer(incomplete: readonly TagObserved[]): Promise<unknown>;
}

/** What the intake needs. */
export interface IntakeOptions {
  readonly ledger: DeliveryStore;
  readonly completion: { wake(): void };
  readonly countOutcomes: (source: 'webhook', outcomes: readonly string[]) => void;
  /** Asks the poller for a look at the repository at its next turn; must not throw. */
  readonly confirm: (registry: string, repository: string) => void;
  readonly fetchText: FetchText;
  readonly deliveries: DeliveryLog;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly log: Log;
}

/** Observations per call of the ledger. A larger delivery is stored in parts before it is acknowledged. */
export const maxStoredAtOnce = 500;

/** SNS gives a confirmation 15 s; the answer is an XML of some hundred bytes. */
const followLimits = { maxBytes: 64 * 1024, timeoutMs: 5_000 };

/** Verifies and reads a delivery, stores what it says, and only then acknowledges it. Knows no HTTP library. */
export class Intake {
  readonly #options: IntakeOptions;
  readonly #refusals: RareLog;
  readonly #deliveries;
  readonly #ignored;
  readonly #ledgerWait;
  readonly #recordSeconds;

  constructor(options: IntakeOptions) {
    this.#options = options;
    const { metrics } = options;
    this.#refusals = new RareLog(options.log, options.clock, refusalLogIntervalMs);
    this.#deliveries = metrics.counter('webhook_deliveries_total', 'Webhook deliveries by result', [
      'hook',
      'kind',
      'result',
    ]);
    this.#ignored = metrics.counter('webhook_ignored_events_total', 'Webhook events that are no change', [
      'hook',
      'kind',
      'reason',
    ]);
    this.#ledgerWait = metrics.histogram(
      'webhook_ledger_wait_seconds',
      'Time a delivery waited until it was stored',
      ['hook'],
      [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    );
    this.#recordSeconds = metrics.histogram(
      'ledger_record_seconds',
      'Time until the ledger had stored what a webhook said',
      [],
      [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    );
  }

  /** Resolves with the acknowledgement. @throws any refusal; the caller then calls `refused` */
  async take(arrival: Arrival, body: Buffer): Promise<HookAnswer> {
    const { receiver, headers, address } = arrival;
    const { hook, kind } = receiver;
    arrival.body = body;
    const said = await receiver.read({ headers, body }, () => {
      arrival.isVerified = receiver.hasProof;
    });
    if (said.follow !== undefined) await this.#follow(said.follow, hook);
    const accepted = said.observations.length + said.incomplete.length;
    const tally = tallyOf(said, accepted === 0 ? [] : await this.#store(hook, said));
    for (const reason in tally.ignored) {
      this.#ignored.inc({ hook: hook.name, kind: kind.name, reason }, tally.ignored[reason]);
    }
    const [first] = said.ignored;
    const result = accepted > 0 || first === undefined ? 'accepted' : `ignored:${first.reason}`;
    this.#deliveries.inc({ hook: hook.name, kind: kind.name, result });
    const answer = said.answer ?? { status: accepted > 0 ? 202 : 200, headers: {}, body: tally };
    const about = { address, status: answer.status, bytes: body.length };
    this.#options.deliveries.accepted(hook.name, about, tally);
    return answer;
  }

  /** Counts and remembers a refused or failed delivery, and logs it without its content. */
  refused(arrival: Arrival, error: Error): void {
    const { receiver, address, isVerified, body, headers } = arrival;
    const { hook } = receiver;
    const code: ErrorCode = error instanceof ManifeedError ? error.code : 'INTERNAL';
    const result = resultOf(code);
    this.#deliveries.inc({ hook: hook.name, kind: hook.kind, result: metricOf[result] });
    logRefusal(this.#refusals, hook, address, metricOf[result], error);
    this.#options.deliveries.refused(hook.name, {
      ...{ address, code, result },
      status: error instanceof ManifeedError ? error.status : 500,
      reason: error instanceof ManifeedError ? error.message : 'internal error',
      bytes: body?.length ?? 0,
      delivery: isVerified ? { body, headers } : null,
    });
  }

  unknown(address: string, error: Error): void {
    logRefusal(this.#refusals, null, address, 'invalid', error);
    this.#options.deliveries.unknown(address);
  }

  /** If a part fails, the sender gets an error and sends all again; what is already stored then changes nothing. */
  async #store(hook: HookOptions, { observations, incomplete }: Normalised): Promise<readonly string[]> {
    const { clock, ledger, completion, countOutcomes, confirm } = this.#options;
    const isLarge = observations.length + incomplete.length > maxStoredAtOnce;
    const startedAt = clock.monotonic();
    const outcomes: string[] = [];
    for (let from = 0; from < incomplete.length; from += maxStoredAtOnce) {
      await ledger.defer(incomplete.slice(from, from + maxStoredAtOnce));
      if (isLarge) await setImmediate();
    }
    for (let from = 0; from < observations.length; from += maxStoredAtOnce) {
      const recorded = await ledger.record(observations.slice(from, from + maxStoredAtOnce));
      countOutcomes('webhook', recorded.outcomes);
      outcomes.push(...recorded.outcomes);
      if (isLarge) await setImmediate();
    }
    const seconds = (clock.monotonic() - startedAt) / 1000;
    this.#recordSeconds.observe(seconds);
    this.#ledgerWait.observe(seconds, { hook: hook.name });
    if (incomplete.length > 0 || outcomes.includes('waiting')) completion.wake();
    // Webhooks get lost, so each one that arrives is a reason to look at its repository.
    const seen = new Set<string>();
    for (const { registry, repository } of [...observations, ...incomplete]) {
      const key = `${registry}/${repository}`;
      if (seen.has(key)) continue;
      seen.add(key);
      confirm(registry, repository);
    }
    return outcomes;
  }

  /** Before the acknowledgement: SNS repeats a confirmation that was not answered 2xx. */
  async #follow(url: string, hook: HookOptions): Promise<void> {
    const { fetchText, log } = this.#options;
    try {
      await fetchText(url, followLimits);
    } catch (cause) {
      throw new ManifeedError('UNAVAILABLE', 'confirm SNS subscription: no answer from AWS', { cause });
    }
    log.info({ hook: hook.name }, 'SNS subscription confirmed');
  }
}

function tallyOf({ observations, incomplete, ignored }: Normalised, outcomes: readonly string[]): Tally {
  let [changes, stale, waiting] = [0, 0, 0];
  for (const outcome of outcomes) {
    if (outcome === 'changed') changes += 1;
    else if (outcome === 'stale') stale += 1;
    else if (outcome === 'waiting') waiting += 1;
  }
  const reasons: Record<string, number> = {};
  for (const { reason, count } of ignored) reasons[reason] = count;
  if (stale > 0) reasons.stale = stale;
  return {
    accepted: observations.length + incomplete.length,
    changes,
    pending: incomplete.length + waiting,
    unchanged: outcomes.length - changes - stale - waiting,
    ignored: reasons,
  };
}

function resultOf(code: ErrorCode): DeliveryResult {
  if (code === 'UNAUTHORIZED') return 'unauthorized';
  if (code === 'UNAVAILABLE' || code === 'INTERNAL') return 'unavailable';
  return 'refused';
}

/** The values of the metric's label `result`. Dashboards use them, so they stay. */
const metricOf: Readonly<Record<DeliveryResult, string>> = {
  ...{ changed: 'accepted', pending: 'accepted', unchanged: 'accepted', ignored: 'accepted' },
  ...{ refused: 'invalid', unauthorized: 'unauthorized', unavailable: 'unavailable' },
};

/** Time between two lines of a hook and code. */
export const refusalLogIntervalMs = 10_000;
const maxReasonLength = 500;

/** Logs a refused delivery. @param hook null: its name is not configured; it may be a secret, so it is not logged */
export function logRefusal(
  log: RareLog,
  hook: { readonly name: string; readonly kind: string } | null,
  address: string,
  result: string,
  error: Error,
): void {
  const code: ErrorCode = error instanceof ManifeedError ? error.code : 'INTERNAL';
  const about = hook === null ? {} : { hook: hook.name, kind: hook.kind };
  const fields = { ...about, address, result, code, reason: reasonOf(error) };
  log.warn(`${code} ${hook?.name ?? ''}`, fields, 'webhook delivery refused');
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
