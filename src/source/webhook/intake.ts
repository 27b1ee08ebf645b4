/**
 * What happens to a delivery, in order: its head is admitted, its body read, verified and understood, what it says
 * is stored, and only then is it acknowledged. Counts, logs and remembers each outcome. Knows no HTTP library.
 */
import { setImmediate } from 'node:timers/promises';
import { type ErrorCode, ManifeedError } from '../../errors.ts';
import type { Observation, TagObserved } from '../../event/observation.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { Metrics } from '../../lib/metrics.ts';
import type { Head, HookOptions, Incoming, Normalised, Reply } from './kind.ts';
import type { DeliveryLog, DeliveryResult, Tally } from './log/deliveries.ts';
import { RefusalLog } from './log/refusals.ts';
import type { FetchText } from './proof/verify.ts';
import type { Receiver } from './receive.ts';

/** What one delivery brings. */
export interface Batch {
  readonly hook: string;
  readonly observations: readonly Observation[];
  /** Tags without digest, to be kept durably and completed later. */
  readonly incomplete: readonly TagObserved[];
}

export interface EndpointOptions {
  /** Stores the batch durably before it resolves; rejects with UNAVAILABLE when nothing was stored. */
  readonly intake: (batch: Batch) => Promise<{ readonly outcomes: readonly string[] }>;
  /** Asks for a look at the repository at the poller's next turn; must not throw. */
  readonly confirm: (registry: string, repository: string) => void;
  readonly fetchText: FetchText;
  readonly deliveries: DeliveryLog;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly log: Log;
}

/** One request to a hook, and what is known about it so far. */
export class Visit {
  readonly receiver: Receiver;
  readonly head: Head;
  readonly address: string;
  /** Whether the sender has proved who it is. A hook without credentials tells nobody from a stranger. */
  isVerified = false;
  /** Null until it was read whole. */
  body: Buffer | null = null;

  constructor(receiver: Receiver, head: Head, address: string) {
    this.receiver = receiver;
    this.head = head;
    this.address = address;
  }
}

/** What the ledger gets at once. A delivery with more is stored in parts, and acknowledged after the last. */
export const maxStoredAtOnce = 500;

/** SNS gives a confirmation 15 s; the answer is an XML of some hundred bytes. */
const followLimits = { maxBytes: 64 * 1024, timeoutMs: 5_000 };

export class Endpoint {
  readonly #options: EndpointOptions;
  readonly #refusals: RefusalLog;
  readonly #deliveries;
  readonly #ignored;
  readonly #ledgerWait;

  constructor(options: EndpointOptions) {
    this.#options = options;
    const { metrics } = options;
    this.#refusals = new RefusalLog(options.log, options.clock);
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
  }

  /** @throws UNAUTHORIZED, UNSUPPORTED_MEDIA_TYPE, UNAVAILABLE */
  async admit(visit: Visit): Promise<void> {
    await visit.receiver.admit(visit.head);
    visit.isVerified = visit.receiver.headProves;
  }

  /** For a delivery that was admitted. @throws whatever refuses it */
  async take(visit: Visit, body: Buffer): Promise<Reply> {
    const { receiver, address } = visit;
    const { hook, kind } = receiver;
    visit.body = body;
    const incoming: Incoming = { ...visit.head, body, arrivedAt: this.#options.clock.now() };
    const verified = await receiver.verify(incoming);
    visit.isVerified = receiver.hasCredential;
    const said = await verified.read();
    if (said.follow !== undefined) await this.#follow(said.follow, hook);
    const accepted = said.observations.length + said.incomplete.length;
    const outcomes = accepted === 0 ? [] : await this.#store(hook, said);
    const tally = tallyOf(said, outcomes);
    for (const [reason, count] of Object.entries(tally.ignored)) {
      this.#ignored.inc({ hook: hook.name, kind: kind.name, reason }, count);
    }
    const [first] = said.ignored;
    const result = accepted > 0 || first === undefined ? 'accepted' : `ignored:${first.reason}`;
    this.#deliveries.inc({ hook: hook.name, kind: kind.name, result });
    const reply = said.reply ?? { status: accepted > 0 ? 202 : 200, headers: {}, body: tally };
    this.#options.deliveries.accepted(
      hook.name,
      { address, status: reply.status, bytes: body.length },
      tally,
    );
    return reply;
  }

  /** Counts a delivery that was refused or failed, logs it without what it carried, and remembers it. */
  refused(visit: Visit, error: Error): void {
    const { receiver, address, isVerified, body, head } = visit;
    const { hook } = receiver;
    const code: ErrorCode = error instanceof ManifeedError ? error.code : 'INTERNAL';
    const result = resultOf(code);
    this.#deliveries.inc({ hook: hook.name, kind: hook.kind, result: metricOf[result] });
    this.#refusals.refused(hook, address, metricOf[result], error);
    this.#options.deliveries.refused(hook.name, {
      ...{ address, code, result },
      status: error instanceof ManifeedError ? error.status : 500,
      reason: error instanceof ManifeedError ? error.message : 'internal error',
      bytes: body?.length ?? 0,
      delivery: isVerified ? { body, headers: head.headers } : null,
    });
  }

  /** A request for a hook that is not configured. */
  unknown(address: string, error: Error): void {
    this.#refusals.refused(null, address, 'invalid', error);
    this.#options.deliveries.unknown(address);
  }

  async #store(hook: HookOptions, said: Normalised): Promise<readonly string[]> {
    const { clock, intake, confirm } = this.#options;
    const { observations, incomplete } = said;
    const startedAt = clock.monotonic();
    const outcomes: string[] = [];
    for (const part of partsOf(observations, incomplete)) {
      outcomes.push(...(await intake({ hook: hook.name, ...part })).outcomes);
      if (observations.length + incomplete.length > maxStoredAtOnce) await setImmediate();
    }
    this.#ledgerWait.observe((clock.monotonic() - startedAt) / 1000, { hook: hook.name });
    // Hooks are lossy: one that spoke is a reason to look at what else happened there.
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

/**
 * Parts of a delivery, in its order; a delivery of usual size is one. If storing fails in the middle, the sender is
 * not acknowledged and comes again: what was stored by then is known and changes nothing.
 */
function* partsOf(
  observations: readonly Observation[],
  incomplete: readonly TagObserved[],
): Generator<Pick<Batch, 'observations' | 'incomplete'>, void, undefined> {
  if (observations.length + incomplete.length <= maxStoredAtOnce) return yield { observations, incomplete };
  for (let start = 0; start < incomplete.length; start += maxStoredAtOnce) {
    yield { observations: [], incomplete: incomplete.slice(start, start + maxStoredAtOnce) };
  }
  for (let start = 0; start < observations.length; start += maxStoredAtOnce) {
    yield { observations: observations.slice(start, start + maxStoredAtOnce), incomplete: [] };
  }
}

/** @param outcomes the ledger's word for each observation, in order */
function tallyOf({ observations, incomplete, ignored }: Normalised, outcomes: readonly string[]): Tally {
  const count = (word: string) => outcomes.filter((outcome) => outcome === word).length;
  const changes = count('changed');
  const stale = count('stale');
  const waiting = count('waiting');
  return {
    accepted: observations.length + incomplete.length,
    changes,
    pending: incomplete.length + waiting,
    unchanged: outcomes.length - changes - stale - waiting,
    ignored: {
      ...Object.fromEntries(ignored.map(({ reason, count: times }) => [reason, times])),
      ...(stale === 0 ? {} : { stale }),
    },
  };
}

function resultOf(code: ErrorCode): DeliveryResult {
  if (code === 'UNAUTHORIZED') return 'unauthorized';
  if (code === 'UNAVAILABLE' || code === 'INTERNAL') return 'unavailable';
  return 'refused';
}

/** The metric's word for it, which dashboards know. */
const metricOf: Readonly<Record<DeliveryResult, string>> = {
  ...{ changed: 'accepted', pending: 'accepted', unchanged: 'accepted', ignored: 'accepted' },
  ...{ refused: 'invalid', unauthorized: 'unauthorized', unavailable: 'unavailable' },
};
