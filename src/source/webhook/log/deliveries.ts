import { isUtf8 } from 'node:buffer';
import { z } from 'zod';
import type { Clock } from '../../../lib/clock.ts';
import { jsonOrNothing } from '../../../lib/json.ts';
import { type Metrics, noMetrics } from '../../../lib/metrics.ts';
import { type Headers, type HookOptions, headerOf } from '../kind.ts';

/** Per hook. */
export const maxDeliveries = 20;
/** Refusals of unverified senders, per hook. */
export const maxUnverified = 5;
/** A larger body is not kept. */
export const maxKeptBodyBytes = 64 * 1024;
/** Bytes of bodies kept for all hooks together; the oldest body goes first. */
export const maxKeptBytes = 4 * 1024 * 1024;
const maxReasonLength = 500;

/** `changed`: at least one change; `pending`: a digest is still looked up; `unchanged`: nothing new. */
export type DeliveryResult =
  | 'changed'
  | 'pending'
  | 'unchanged'
  | 'ignored'
  | 'refused'
  | 'unauthorized'
  | 'unavailable';

/** How many events of a delivery had which outcome. */
export interface Tally {
  /** Events that were stored, or were already known. */
  readonly accepted: number;
  readonly changes: number;
  readonly pending: number;
  readonly unchanged: number;
  readonly ignored: Readonly<Record<string, number>>;
}

interface DeliveryEntry extends Partial<Tally> {
  /** Ms since the epoch. */
  readonly at: number;
  readonly address: string;
  readonly status: number;
  readonly result: DeliveryResult;
  /** An error code; null: accepted. */
  readonly code: string | null;
  readonly reason: string | null;
  readonly bytes: number;
}

/** A delivery that was refused. */
export interface Refusal extends Omit<DeliveryEntry, 'at' | keyof Tally> {
  readonly code: string;
  readonly reason: string;
  /** Null: the sender is unverified, and nothing of the delivery is kept. */
  readonly delivery: VerifiedDelivery | null;
}

interface VerifiedDelivery {
  readonly body: Buffer | null;
  readonly headers: Headers;
}

interface HookRecord {
  readonly deliveries: DeliveryEntry[];
  readonly unverified: DeliveryEntry[];
  accepted: number;
  refused: number;
  refusedUnverified: number;
  /** Ms since the epoch; null: none yet. */
  lastAcceptedAt: number | null;
  lastRefusal: DeliveryEntry | null;
}

interface Kept {
  readonly entry: DeliveryEntry;
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

/** What an operator sees of a hook first. Times are RFC 3339, null: not since the start. */
export interface HookSummary {
  readonly name: string;
  readonly kind: string;
  /** Since the start. `unverified`: refusals of senders who proved nothing. */
  readonly counts: { readonly accepted: number; readonly refused: number; readonly unverified: number };
  /** Of the last delivery that was accepted. */
  readonly lastDelivery: string | null;
  readonly lastRefusal: {
    readonly at: string;
    readonly address: string;
    readonly code: string;
    readonly reason: string;
  } | null;
}

interface DeliveryPage {
  /** Serialisable as JSON. */
  readonly hooks: readonly object[];
  /** The `after` of the next page; null: this is the last one. */
  readonly next: string | null;
  readonly unknownNames: object;
}

/**
 * The last deliveries of each hook and their outcomes, for `GET /v1/hooks`; in memory, and bounded. Unverified
 * senders have a separate record, so their refusals never push out a real delivery.
 * Of a delivery that was refused in spite of its credentials, the body is kept until the next such one.
 */
export class DeliveryLog {
  readonly #clock: Clock;
  readonly #records: ReadonlyMap<string, HookRecord>;
  readonly #hooks: readonly HookOptions[];
  /** By hook, oldest first. */
  readonly #kept = new Map<string, Kept>();
  #keptBytes = 0;
  #unknown = { count: 0, lastAt: 0, lastAddress: '' };

  constructor(hooks: readonly HookOptions[], clock: Clock, metrics: Metrics = noMetrics) {
    this.#hooks = hooks;
    this.#clock = clock;
    this.#records = new Map(hooks.map(({ name }) => [name, emptyRecord()]));
    metrics.gauge(
      'webhook_last_delivery_timestamp_seconds',
      'When the hook last accepted a delivery; 0: not since the start',
      ['hook'],
      (gauge) => {
        for (const [hook, { lastAcceptedAt }] of this.#records)
          gauge.set((lastAcceptedAt ?? 0) / 1_000, { hook });
      },
    );
  }

  accepted(hook: string, delivery: { address: string; status: number; bytes: number }, tally: Tally): void {
    const record = this.#records.get(hook);
    if (record === undefined) return;
    record.accepted += 1;
    const entry = {
      at: this.#clock.now(),
      ...delivery,
      result: resultOf(tally),
      code: null,
      reason: null,
      ...tally,
    };
    record.lastAcceptedAt = entry.at;
    push(record.deliveries, entry, maxDeliveries);
  }

  refused(hook: string, refusal: Refusal): void {
    const record = this.#records.get(hook);
    if (record === undefined) return;
    const { delivery, ...rest } = refusal;
    const entry = { at: this.#clock.now(), ...rest, reason: refusal.reason.slice(0, maxReasonLength) };
    record.lastRefusal = entry;
    if (delivery === null) {
      record.refusedUnverified += 1;
      push(record.unverified, entry, maxUnverified);
      return;
    }
    record.refused += 1;
    push(record.deliveries, entry, maxDeliveries);
    this.#keep(hook, entry, delivery);
  }

  /** A request for a hook that is not configured. Its name is not kept: it may be a secret in the wrong place. */
  unknown(address: string): void {
    this.#unknown = { count: this.#unknown.count + 1, lastAt: this.#clock.now(), lastAddress: address };
  }

  /** The last delivery and the last refusal of each hook, in the order of the configuration; without secrets. */
  summary(): readonly HookSummary[] {
    return this.#hooks.map((hook) => this.#summarise(hook));
  }

  /**
   * Hooks in the order of the configuration, the deliveries of each newest first; without secrets.
   *
   * @param after the hook before the first; default: from the first. None of this name: no hooks
   * @param most how many hooks; default: all
   * @param only the hook of this name; default: every hook
   */
  describe(after: string | null = null, most = this.#hooks.length, only: string | null = null): DeliveryPage {
    const { count, lastAt, lastAddress } = this.#unknown;
    const all = only === null ? this.#hooks : this.#hooks.filter(({ name }) => name === only);
    const before = all.findIndex(({ name }) => name === after);
    const from = after !== null && before === -1 ? all.length : before + 1;
    const hooks = all.slice(from, from + most);
    return {
      hooks: hooks.map((hook) => this.#describe(hook)),
      next: from + most < all.length ? (hooks.at(-1)?.name ?? null) : null,
      unknownNames: { count, last: count === 0 ? null : { at: rfc3339(lastAt), address: lastAddress } },
    };
  }

  /** The hook's last delivery that was refused in spite of its credentials; null: none. */
  saved(hook: string): SavedDelivery | null {
    const kept = this.#kept.get(hook);
    if (kept === undefined) return null;
    const { entry, body, headers } = kept;
    const encoding = isUtf8(body) ? 'utf8' : 'base64';
    const { at, address, code, reason } = entry;
    return {
      ...{ hook, at: rfc3339(at), address, code: code ?? '', reason: reason ?? '' },
      ...{ headers, encoding, body: body.toString(encoding) },
    };
  }

  #summarise({ name, kind }: HookOptions): HookSummary {
    const record = this.#records.get(name) ?? emptyRecord();
    const { accepted, refused, refusedUnverified: unverified, lastAcceptedAt, lastRefusal } = record;
    return {
      ...{ name, kind, counts: { accepted, refused, unverified } },
      lastDelivery: lastAcceptedAt === null ? null : rfc3339(lastAcceptedAt),
      lastRefusal: lastRefusal === null ? null : summaryOf(lastRefusal),
    };
  }

  #describe(hook: HookOptions): object {
    const { name, registry, pathToken, verify } = hook;
    const record = this.#records.get(name) ?? emptyRecord();
    const kept = this.#kept.get(name);
    const url = `/v1/hooks?saved=${encodeURIComponent(name)}`;
    return {
      ...this.#summarise(hook),
      url: `/v1/hooks/${name}${pathToken === undefined ? '' : '/***'}`,
      registry: registry ?? null,
      ...(verify === undefined ? {} : { verify }),
      deliveries: record.deliveries.map(shown).reverse(),
      unverified: record.unverified.map(shown).reverse(),
      savedDelivery: kept === undefined ? null : { at: rfc3339(kept.entry.at), bytes: kept.body.length, url },
    };
  }

  #keep(hook: string, entry: DeliveryEntry, { body, headers }: VerifiedDelivery): void {
    if (body === null || body.length > maxKeptBodyBytes) return;
    this.#forget(hook);
    for (const oldest of this.#kept.keys()) {
      if (this.#keptBytes + body.length <= maxKeptBytes) break;
      this.#forget(oldest);
    }
    // Copied, because the body may be a slice of a larger buffer.
    this.#kept.set(hook, { entry, body: Buffer.from(body), headers: tellingHeaders(headers) });
    this.#keptBytes += body.length;
  }

  #forget(hook: string): void {
    this.#keptBytes -= this.#kept.get(hook)?.body.length ?? 0;
    this.#kept.delete(hook);
  }
}

function emptyRecord(): HookRecord {
  return {
    ...{ deliveries: [], unverified: [], accepted: 0, refused: 0, refusedUnverified: 0 },
    ...{ lastAcceptedAt: null, lastRefusal: null },
  };
}

function rfc3339(at: number): string {
  return new Date(at).toISOString();
}

function summaryOf({ at, address, code, reason }: DeliveryEntry): HookSummary['lastRefusal'] {
  return { at: rfc3339(at), address, code: code ?? '', reason: reason ?? '' };
}

function shown(entry: DeliveryEntry): object {
  return { ...entry, at: rfc3339(entry.at) };
}

function push(ring: DeliveryEntry[], entry: DeliveryEntry, max: number): void {
  ring.push(entry);
  if (ring.length > max) ring.shift();
}

function resultOf({ changes, pending, unchanged }: Tally): DeliveryResult {
  if (changes > 0) return 'changed';
  if (pending > 0) return 'pending';
  return unchanged > 0 ? 'unchanged' : 'ignored';
}

/** Headers by which a kind reads a body. An allowlist, because a credential can have any name. */
const telling =
  /^(?:content-type|ce-[a-z]{1,20}|x-(?:github|gitea|forgejo|gogs)-(?:event|delivery)|x-nexus-webhook-(?:id|delivery)|x-amz-sns-(?:message-type|rawdelivery)|x-goog-pubsub-(?:message-id|publish-time))$/;
const maxHeaderLength = 512;

function tellingHeaders(headers: Headers): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const name of Object.keys(headers)) {
    if (telling.test(name)) kept[name] = (headerOf(headers, name) ?? '').slice(0, maxHeaderLength);
  }
  return kept;
}

const savedSchema = z.strictObject({
  hook: z.string(),
  at: z.iso.datetime(),
  address: z.string(),
  code: z.string(),
  reason: z.string(),
  headers: z.record(z.string(), z.string()),
  encoding: z.enum(['utf8', 'base64']),
  body: z.string(),
});
const answerSchema = z.strictObject({ savedDelivery: savedSchema });

/** A body as a JSON string, with the headers that say how to read it. It holds no credential. */
type SavedDelivery = z.infer<typeof savedSchema>;

/** Reads the answer of `GET /v1/hooks?saved=NAME`; null: the bytes are something else. */
export function parseSavedDelivery(bytes: Buffer): SavedDelivery | null {
  return answerSchema.safeParse(jsonOrNothing(bytes.toString('utf8'))).data?.savedDelivery ?? null;
}
