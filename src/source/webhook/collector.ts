/** Turns a registry's words into canonical observations. What cannot be believed is dropped and counted. */
import { hash } from 'node:crypto';
import type { z } from 'zod';
import { ManifeedError } from '../../errors.ts';
import { type Digest, parseDigest } from '../../event/digest.ts';
import { parseMediaType } from '../../event/media-type.ts';
import type { Observation, TagObserved } from '../../event/observation.ts';
import { canonicalRepository, isTag, type RepositoryName } from '../../event/reference.ts';
import { Counts } from '../../lib/counts.ts';
import type { Moment } from './payload/shape.ts';

/** Why an event is no change. A closed set, because it becomes a metric's label. */
export type IgnoredReason =
  | 'pull'
  | 'mount'
  | 'blob'
  | 'ping'
  | 'other-event'
  | 'other-action'
  | 'not-an-image'
  | 'failed'
  | 'malformed'
  | 'no-registry'
  | 'invalid-reference'
  | 'invalid-digest'
  | 'no-tag-or-digest'
  | 'unconfirmed-topic';

/** How many events were no change, for one reason. */
export interface Ignored {
  readonly reason: IgnoredReason;
  readonly count: number;
}

/** What a sender is answered. */
export interface HookAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Sent as JSON; undefined: no body. */
  readonly body?: unknown;
}

/** What one delivery says. */
export interface Normalised {
  readonly observations: readonly Observation[];
  /** Tags named without a digest: a HEAD completes them after they were stored. */
  readonly incomplete: readonly TagObserved[];
  readonly ignored: readonly Ignored[];
  /** Default: 202 or 200 with the outcome of the events. */
  readonly answer?: HookAnswer | undefined;
  /** A URL to GET before the acknowledgement (SNS `SubscribeURL`); its host is already checked. */
  readonly follow?: string | undefined;
}

/** Most events in one body; more is answered 413. Distribution sends 1, but its contract allows many. */
const maxEvents = 10_000;
/**
 * Checks a list's length before the list is read: a body of the default cap may hold a million events.
 *
 * @throws BODY_TOO_LARGE
 */
export function checkEventCount(count: number): void {
  if (count <= maxEvents) return;
  throw new ManifeedError(
    'BODY_TOO_LARGE',
    `read webhook body: more than ${maxEvents} events: must be at most ${maxEvents}`,
  );
}

/** How long an identical body without delivery id counts as the same delivery. */
const bodyWindowMs = 60_000;

/** One event, in the sender's words. Empty strings count as absent. */
interface ImageEvent {
  /** The payload's host; the hook's `registry` takes precedence. */
  readonly registry?: string | null | undefined;
  readonly repository: string | undefined;
  /** May hold a digest: many senders put one there for an untagged manifest. */
  readonly tag?: string | null | undefined;
  readonly digest?: string | null | undefined;
  readonly mediaType?: string | null | undefined;
  readonly size?: number | null | undefined;
  /** By the sender's clock. Absent or null: the ledger stamps it on arrival. */
  readonly time?: Moment | null | undefined;
  /** The sender's id of this event, the same on every retry. Absent: no duplicate is detected. */
  readonly id?: string | null | undefined;
  /** How long `id` stays valid, ms; absent: for ever. */
  readonly idWindowMs?: number | undefined;
}

interface Names {
  readonly repository: RepositoryName;
  readonly tag: string | null;
  readonly digest: Digest | null;
}

/** Collects what one delivery says. */
export class Collector {
  /** Default: 202 or 200 with the outcome of the events. */
  answer?: HookAnswer;
  /** As `Normalised.follow`. */
  follow?: string;
  readonly #hook: string;
  /** Takes precedence over the host in an event. */
  readonly #registry: string | undefined;
  readonly #origin: string;
  readonly #observations: Observation[] = [];
  readonly #incomplete: TagObserved[] = [];
  readonly #ignored = new Counts<IgnoredReason>();
  #events = 0;

  constructor(
    { name, registry }: { readonly name: string; readonly registry?: string | undefined },
    { publishes = false }: { readonly publishes?: boolean } = {},
  ) {
    this.#hook = name;
    this.#registry = publishes ? undefined : registry;
    this.#origin = `${publishes ? 'publish' : 'webhook'}:${name}`;
  }

  /** A part of a delivery that must have a shape; null: it has another one, and is counted as malformed. */
  parse<T>(schema: z.ZodType<T>, json: unknown): T | null {
    const parsed = schema.safeParse(json);
    if (!parsed.success) this.ignore('malformed');
    return parsed.success ? parsed.data : null;
  }

  pushed(event: ImageEvent): void {
    this.#count();
    const names = this.#names(event);
    if (names === null) return;
    const { tag, digest } = names;
    const facts = { mediaType: parseMediaType(event.mediaType), size: sizeOf(event.size) };
    const base = this.#base('push', names, event);
    if (tag !== null) {
      const observed: TagObserved = { kind: 'tag', ...base, tag, digest, ...facts };
      (digest === null ? this.#incomplete : this.#observations).push(observed);
    } else if (digest !== null) {
      this.#observations.push({ kind: 'manifest', ...base, digest, ...facts });
    } else this.#drop('no-tag-or-digest');
  }

  /** If both are named, `tag` only untags, and `all` deletes the digest with every tag that points at it. */
  deleted(event: ImageEvent, what: 'tag' | 'all'): void {
    this.#count();
    const names = this.#names(event);
    if (names === null) return;
    const { tag, digest } = names;
    if (tag === null && digest === null) this.#drop('no-tag-or-digest');
    const base = this.#base('delete', names, event);
    // The digest first: it takes its tags along, so the named one is then known to be gone.
    if (digest !== null && (tag === null || what === 'all')) {
      this.#observations.push({ kind: 'manifest-gone', ...base, digest });
    }
    if (tag !== null) {
      const dedupeKey = base.dedupeKey === null ? null : `${base.dedupeKey}t`;
      this.#observations.push({ kind: 'tag-gone', ...base, dedupeKey, tag });
    }
  }

  repositoryDeleted(event: ImageEvent): void {
    this.#count();
    const names = this.#names({ ...event, tag: null, digest: null });
    if (names === null) return;
    this.#observations.push({ kind: 'repository-gone', ...this.#base('delete', names, event) });
  }

  /** An event that is no change of an image, or is not believed. */
  ignore(reason: IgnoredReason): void {
    this.#count();
    this.#drop(reason);
  }

  result(): Normalised {
    return {
      observations: this.#observations,
      incomplete: this.#incomplete,
      ignored: [...this.#ignored].map(([reason, count]) => ({ reason, count })),
      answer: this.answer,
      follow: this.follow,
    };
  }

  #count(): void {
    this.#events += 1;
    checkEventCount(this.#events);
  }

  #drop(reason: IgnoredReason): void {
    this.#ignored.add(reason);
  }

  #names(event: ImageEvent): Names | null {
    const host = this.#registry ?? event.registry;
    const refused = (reason: IgnoredReason) => {
      this.#drop(reason);
      return null;
    };
    if (!host) return refused('no-registry');
    const repository = canonicalRepository(host, event.repository ?? '');
    if (repository === null) return refused('invalid-reference');
    const inTag = event.tag || null;
    const inDigest = event.digest || null;
    const digestInTag = inTag === null ? null : parseDigest(inTag);
    const tag = digestInTag === null ? inTag : null;
    if (tag !== null && !isTag(tag)) return refused('invalid-reference');
    if (inDigest === null) return { repository, tag, digest: digestInTag };
    const digest = parseDigest(inDigest);
    return digest === null ? refused('invalid-digest') : { repository, tag, digest };
  }

  #base(action: 'push' | 'delete', { repository: names, tag, digest }: Names, event: ImageEvent) {
    const { registry, repository } = names;
    const { id, time, idWindowMs } = event;
    // The key includes the names, so a sender that reuses an id for another image loses nothing.
    const parts = [id, action, registry, repository, tag ?? '', digest ?? ''].join('\0');
    return {
      registry,
      repository,
      // The sender's own time. The ledger judges it by its clock, and stamps what has none.
      ...(time ? { saidAt: time.until, occurredAt: time.at } : {}),
      origin: this.#origin,
      dedupeKey: id ? `${this.#hook}:${hash('sha256', parts, 'base64url').slice(0, 22)}` : null,
      ...(idWindowMs === undefined ? {} : { dedupeWindowMs: idWindowMs }),
    };
  }
}

/** An id for senders that give none: equal bytes within `bodyWindowMs` are one delivery. */
export function bodyId({ body }: { readonly body: Buffer }): { id: string; idWindowMs: number } {
  return { id: hash('sha256', body, 'base64url'), idWindowMs: bodyWindowMs };
}

function sizeOf(value: number | null | undefined): number | null {
  return value !== undefined && value !== null && Number.isSafeInteger(value) && value >= 0 ? value : null;
}
