/**
 * Long-poll: `GET /v2/updates`, in the shape that opencontainers/distribution-spec#575 proposes. A request is a
 * subscriber while it waits, so the hub does replay, pace and slow ledgers here too.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { invalidParameter, ManifeedError } from '../errors.ts';
import type { Grant } from '../event/grant.ts';
import { formatPosition } from '../event/position.ts';
import type { Hub } from '../fanout/hub.ts';
import { type Control, type Encoding, type Encodings, encodings, type Sink } from '../fanout/sink.ts';
import type { EndReason } from '../fanout/stream-metrics.ts';
import type { Start, Subscriber } from '../fanout/subscriber.ts';
import { addressGroup } from '../lib/address-group.ts';
import type { Clock } from '../lib/clock.ts';
import { splitTarget, tokenOrPasswordOf } from './head.ts';
import { parseCount, parseQuery, quote } from './parameters.ts';
import { asManifeedError } from './raw-response.ts';
import { type StreamRequest, streamShape, type TransportOptions } from './request.ts';

interface LongPollOptions extends TransportOptions {
  readonly limits: { readonly longPollMaxWaitMs: number; readonly stalledTimeoutMs: number };
}

const { snapshot: _, ...sharedShape } = streamShape;

export const longPollSchema = z.strictObject({
  ...sharedShape,
  n: z
    .string()
    .optional()
    .describe('Changes in one answer, 1–1,000. Default 100. 0: none, at once; `Link` begins at the head'),
  wait: z.string().optional().describe('How long to wait for a change, like `20s`. Default `0s`'),
});

const defaultChanges = 100;
/** Time that a request without `wait` may take to catch up. */
const leastWaitMs = 1_000;

const plain = encodings('long-poll', (json) => Buffer.from(json));
const updates: Encodings = {
  ...plain,
  // distribution-spec#575 calls the time `timestamp`; its other members have the change's names.
  manifeed: {
    ...plain.manifeed,
    change: (json, _resume, { recordedAt }) =>
      Buffer.from(`${json.slice(0, -1)},"timestamp":"${new Date(recordedAt).toISOString()}"}`),
  },
};

/** Answers one request for changes. */
export function longPollHandler(
  options: LongPollOptions,
): (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply> {
  const { admission, limits } = options;
  return async (request, reply) => {
    // The client left before this ran: `close` has fired, and will not again.
    if (request.raw.destroyed || request.raw.socket.destroyed) return reply.hijack();
    const { query } = splitTarget(request.url);
    // First: a stranger must not use up the limits of subscribers.
    const grant = admission.authorise(tokenOrPasswordOf({ headers: request.headers, query }));
    const address = addressGroup(request.ip);
    admission.enter(address);
    const over = new AbortController();
    // Counts until the answer is sent: an unread answer still takes memory.
    over.signal.addEventListener('abort', () => admission.leave(address));
    // A response behind another one on its connection does not hear of the connection's end; its request does.
    for (const side of [request.raw, reply.raw]) side.once('close', () => over.abort());
    const poll = new LongPoll({ ...readQuery(query, grant, options), grant, address }, over.signal, options);
    const { bodies, position } = await poll.answer();
    // An idle timeout: it never fires while the client reads the answer.
    reply.raw.setTimeout(limits.stalledTimeoutMs, () => reply.raw.destroy());
    return send(reply, request.url, bodies, position);
  };
}

interface Wanted extends StreamRequest {
  /** Most changes in the answer; 0: only where the next request begins. */
  readonly limit: number;
  readonly waitMs: number;
}

function readQuery(query: string, grant: Grant, { requests, limits }: LongPollOptions): Wanted {
  const params = parseQuery(new URLSearchParams(query), longPollSchema);
  const asked = requests.read(params, grant);
  const limit = parseCount(params.n, 0) ?? defaultChanges;
  // `Link` would pass over the changes that were asked for.
  if (limit === 0 && asked.start.kind !== 'live')
    throw invalidParameter('n', 'n: "0": must be at least 1 with after or since');
  return {
    ...asked,
    limit,
    waitMs: parseWait(params.wait, limits.longPollMaxWaitMs),
  };
}

interface Asked extends Wanted {
  readonly grant: Grant;
  readonly address: string;
}

interface Answer {
  readonly bodies: readonly Buffer[];
  /** Where the next request continues. */
  readonly position: string;
}

/** One request while it waits: for a change at the head, for `limit` changes, or until its time is up. */
class LongPoll implements Sink {
  readonly encoding: Encoding;
  readonly #asked: Asked;
  readonly #signal: AbortSignal;
  readonly #hub: Hub;
  readonly #clock: Clock;
  readonly #bodies: Buffer[] = [];
  readonly #answered = Promise.withResolvers<Answer>();
  #subscriber: Subscriber | null = null;
  #cancel = () => {};
  /** Where the answer continues if it holds no changes. */
  #position = '';
  #caughtUp = false;

  /** @param signal aborts when the client has left */
  constructor(asked: Asked, signal: AbortSignal, { hub, clock }: Pick<LongPollOptions, 'hub' | 'clock'>) {
    this.encoding = updates[asked.format];
    this.#asked = asked;
    this.#signal = signal;
    this.#hub = hub;
    this.#clock = clock;
  }

  get address(): string {
    return this.#asked.address;
  }

  /** @throws POSITION_GONE, UNAVAILABLE, and what the hub refuses */
  async answer(): Promise<Answer> {
    const { start, waitMs, limit } = this.#asked;
    if (start.kind !== 'live') return this.#wait(start);
    const { epoch, sequence } = this.#hub.head;
    const nothing: Answer = { bodies: [], position: formatPosition(epoch, sequence) };
    if (limit === 0) return nothing;
    const newest = await this.#newest();
    if (newest === null && waitMs === 0) return nothing;
    // The hub replays from there, at the pace of any catch-up. Without changes it does not start "live" either: it
    // must see what happened while the past was read.
    return this.#wait({ kind: 'after', epoch, sequence: newest === null ? sequence : newest - 1 });
  }

  /** Sequence of the first of the newest `limit` changes; null: there are none. */
  async #newest(): Promise<number | null> {
    const { grant, address, filter, limit } = this.#asked;
    const owner = grant.owner ?? address;
    const isCancelled = () => this.#signal.aborted;
    const [first] = await this.#hub.recent(limit, { owner, grant, filter, isCancelled });
    return first?.sequence ?? null;
  }

  #wait(start: Start): Promise<Answer> {
    if (start.kind === 'after') this.#position = formatPosition(start.epoch, start.sequence);
    const { filter, grant, address, paced, conflate, waitMs } = this.#asked;
    const owner = grant.owner ?? address;
    const subscriber = this.#hub.connect({ sink: this, owner, grant, paced, conflate });
    this.#subscriber = subscriber;
    this.#cancel = this.#clock.after(Math.max(waitMs, leastWaitMs), () => this.#finish());
    this.#signal.addEventListener('abort', () => this.#finish());
    // The client left while the past was read.
    if (this.#signal.aborted) this.#finish();
    else {
      const isResumed = this.#asked.start.kind === 'after';
      this.#subscribe(subscriber, { id: '', filter, start, snapshot: false }, isResumed);
    }
    return this.#answered.promise;
  }

  #subscribe(...subscription: Parameters<Hub['subscribe']>): void {
    try {
      this.#hub.subscribe(...subscription);
    } catch (error) {
      this.#refuse(asManifeedError(error));
    }
  }

  write(bytes: Buffer): boolean {
    this.#bodies.push(bytes);
    const isFull = this.#bodies.length >= this.#asked.limit;
    if (this.#caughtUp || isFull) this.#finishSoon();
    return !isFull;
  }

  tell(control: Control): boolean {
    if (control.kind === 'reset') {
      // A client that sent no position has none that could be gone: it must ask again.
      const hasPosition = this.#asked.start.kind !== 'live' || this.#caughtUp;
      this.#refuse(hasPosition ? gone(control) : begunAnew());
    }
    if (control.kind === 'ready') {
      this.#caughtUp = true;
      if (this.#bodies.length > 0 || this.#asked.waitMs === 0) this.#finishSoon();
    }
    return true;
  }

  beat(): void {}

  end(): void {
    this.#finish();
  }

  /** Finishes in the next turn: changes written in this one belong to the answer. */
  #finishSoon(): void {
    setImmediate(() => this.#finish());
  }

  #finish(): void {
    const subscriber = this.#subscriber;
    if (subscriber === null) return;
    const from = subscriber.subscriptions[0]?.from ?? 0;
    let moved = false;
    if (subscriber.isPlaced) {
      this.#position = this.#hub.resumeOf(subscriber);
      moved = this.#position !== formatPosition(this.#hub.head.epoch, from);
    }
    const lacked = this.#hub.pacer.keepsWaiting(subscriber) ? 'a turn of the pace' : 'the ledger';
    this.#leave(this.#signal.aborted ? 'client' : 'answered');
    const position = this.#position;
    const bodies = this.#bodies;
    // A request that has read part of a long past must advance, even if it found nothing. One that could not read,
    // or had no turn of the pace, must not say that there is nothing.
    if (position !== '' && (this.#caughtUp || moved || bodies.length > 0))
      this.#answered.resolve({ bodies, position });
    else this.#answered.reject(notRead(lacked));
  }

  #refuse(error: ManifeedError): void {
    this.#leave(error.code);
    this.#answered.reject(error);
  }

  #leave(reason: EndReason): void {
    if (this.#subscriber === null) return;
    this.#cancel();
    this.#hub.disconnect(this.#subscriber, reason);
    this.#subscriber = null;
  }
}

const cures = {
  'the ledger': 'the ledger did not answer in time: try again; GET /readyz tells whether it answers',
  'a turn of the pace':
    'the pace gave no turn in time: wait longer (wait=60s), or have the operator raise pace.deliveriesPerSecond',
};

function notRead(lacked: keyof typeof cures): ManifeedError {
  return new ManifeedError('UNAVAILABLE', `read changes: ${cures[lacked]}`);
}

function begunAnew(): ManifeedError {
  return new ManifeedError('UNAVAILABLE', 'read changes: the ledger began anew meanwhile: try again');
}

function gone(reset: Extract<Control, { kind: 'reset' }>): ManifeedError {
  const { reason, position, floor } = reset;
  return new ManifeedError(
    'POSITION_GONE',
    `resume: ${reason}: must be a position from ${floor} to ${position}`,
    {
      detail: { reason, position, floor },
    },
  );
}

/** Sends the answer, with where to continue in `Link` (RFC 8288), as the registry's own paging does. */
function send(reply: FastifyReply, url: string, bodies: readonly Buffer[], position: string): FastifyReply {
  const { path, query } = splitTarget(url);
  const next = new URLSearchParams(query);
  next.delete('since');
  // Proxies log this header, so it must not hold a token.
  next.delete('access_token');
  // The next request waits for changes; `n=0` was only to find where to begin.
  if (Number(next.get('n') ?? 1) === 0) next.delete('n');
  next.set('after', position);
  return reply
    .header('link', `<${path}?${next}>; rel="next"`)
    .header('cache-control', 'no-store')
    .type('application/json; charset=utf-8')
    .send(`[${bodies.map((body) => body.toString()).join(',')}]`);
}

const waitGrammar = /^(\d{1,6})(ms|s|m)?$/;
const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000 };

function parseWait(text: string | undefined, maxWaitMs: number): number {
  if (text === undefined) return 0;
  const match = waitGrammar.exec(text);
  if (match === null) throw invalidParameter('wait', `wait: ${quote(text)}: must be a duration like 20s`);
  const waitMs = Number(match[1]) * (unitMs[match[2] ?? 's'] ?? 1_000);
  if (waitMs > maxWaitMs) {
    throw invalidParameter('wait', `wait: ${quote(text)}: must be at most ${maxWaitMs / 1_000}s`);
  }
  return waitMs;
}
