/**
 * Long-poll: `GET /v2/updates`, in the shape that opencontainers/distribution-spec#575 proposes. A request is
 * a subscriber for as long as it waits, so replay, pace and slow ledgers are the hub's business here too.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { invalidParameter, ManifeedError } from '../errors.ts';
import type { Filter } from '../event/filter.ts';
import { formatPosition } from '../event/position.ts';
import type { Hub } from '../fanout/hub.ts';
import type { Control, Encoding, Sink } from '../fanout/sink.ts';
import type { Start } from '../fanout/subscriber.ts';
import { addressGroup } from '../lib/address-group.ts';
import type { Clock } from '../lib/clock.ts';
import { asManifeedError } from './raw-response.ts';
import { type Admission, splitTarget, tokenOf } from './stream-request.ts';
import {
  type ClientGrant,
  checkFilter,
  type FilterLimits,
  parseQuery,
  quote,
  streamShape,
  toFilter,
  toPaced,
  toStart,
} from './subscribe-params.ts';

export interface LongPollOptions {
  readonly hub: Hub;
  readonly admission: Admission;
  readonly limits: FilterLimits & { readonly longPollMaxWaitMs: number; readonly stalledTimeoutMs: number };
  readonly clock: Clock;
}

const { snapshot: _, ...sharedShape } = streamShape;

export const longPollSchema = z.strictObject({
  ...sharedShape,
  n: z.string().optional().describe('Changes in one answer, 1–1,000. Default 100'),
  wait: z.string().optional().describe('How long to wait for a change, like `20s`. Default `0s`'),
});

const maxChanges = 1_000;
const defaultChanges = 100;
/** What a request without `wait` may take to catch up. */
const leastWaitMs = 1_000;

function encoding(format: Encoding['format']): Encoding {
  return {
    transport: 'long-poll',
    format,
    // distribution-spec#575 calls the time `timestamp`; the rest of its members have the change's names.
    change: (json) => Buffer.from(format === 'manifeed' ? withTimestamp(json) : json),
  };
}

const recordedAt = /"recordedAt":("[^"]*")/;

function withTimestamp(json: string): string {
  const timestamp = recordedAt.exec(json)?.[1] ?? 'null';
  return `${json.slice(0, -1)},"timestamp":${timestamp}}`;
}

const encodings = { manifeed: encoding('manifeed'), cloudevents: encoding('cloudevents') };

interface Wanted {
  readonly filter: Filter;
  readonly owner: string;
  readonly grant: ClientGrant;
  readonly paced: boolean;
  readonly conflate: boolean;
  readonly encoding: Encoding;
  readonly start: Start;
  readonly limit: number;
  readonly waitMs: number;
}

/** Answers one request for changes. */
export function longPollHandler(
  options: LongPollOptions,
): (request: FastifyRequest, reply: FastifyReply) => Promise<unknown> {
  return async (request, reply) => {
    // Gone before it came to this: its `close` has been told, and will not be again.
    if (request.raw.destroyed || request.raw.socket.destroyed) return reply.hijack();
    const { admission } = options;
    const query = request.url.slice(request.url.indexOf('?') + 1 || request.url.length);
    // First of all: a stranger must not use up what subscribers may open.
    const grant = admission.authorise(tokenOf({ headers: request.headers, query }));
    const address = addressGroup(request.ip);
    admission.enter(address);
    const over = new AbortController();
    // Until the answer has left: one that nobody reads still takes memory.
    over.signal.addEventListener('abort', () => admission.leave(address));
    // A response that is not its connection's first hears nothing of the end of that; its request does.
    for (const side of [request.raw, reply.raw]) side.once('close', () => over.abort());
    const { bodies, position } = await answer({ query, grant, address }, over.signal, options);
    // Idle time of the socket, which an answer that is read does not have.
    reply.raw.setTimeout(options.limits.stalledTimeoutMs, () => reply.raw.destroy());
    return send(reply, request.url, bodies, position);
  };
}

interface Answer {
  readonly bodies: readonly Buffer[];
  /** Where the next request goes on. */
  readonly position: string;
}

interface Asking {
  /** Without the question mark. */
  readonly query: string;
  readonly grant: ClientGrant;
  readonly address: string;
}

async function answer(asking: Asking, signal: AbortSignal, options: LongPollOptions): Promise<Answer> {
  const wanted = parse(asking, options);
  const { epoch, sequence } = options.hub.head;
  let { start } = wanted;
  if (start.kind === 'live') {
    const { owner, grant, filter, limit } = wanted;
    const isOver = () => signal.aborted;
    const frames = await options.hub.recent(limit, { owner, grant, filter, isOver });
    const [first] = frames;
    if (first === undefined && wanted.waitMs === 0)
      return { bodies: [], position: formatPosition(epoch, sequence) };
    // Fed by the hub from there, at the pace of any other catch-up. Nor is it "live" where there is none: what
    // happened while the past was read is to be seen too.
    start = { kind: 'after', epoch, sequence: first === undefined ? sequence : first.sequence - 1 };
  }
  const outcome = await wait(wanted, start, signal, options);
  if (outcome.kind === 'refused') throw outcome.error;
  return outcome;
}

function parse({ query, grant, address }: Asking, options: LongPollOptions): Wanted {
  const params = parseQuery(new URLSearchParams(query), longPollSchema);
  const filter = toFilter(params, options.limits);
  checkFilter(filter, grant, options.admission.knowsRegistry);
  return {
    filter,
    owner: grant.owner ?? address,
    grant,
    paced: toPaced(params.pace, grant),
    conflate: params.conflate ?? false,
    encoding: encodings[params.format ?? 'manifeed'],
    start: toStart(params, options.admission.latestSince()),
    limit: parseCount(params.n),
    waitMs: parseWait(params.wait, options.limits.longPollMaxWaitMs),
  };
}

type Waited =
  | ({ readonly kind: 'answer' } & Answer)
  | { readonly kind: 'refused'; readonly error: ManifeedError };

/**
 * Resolves with what came: as soon as there is something and the head is reached, or `limit`, or time is up.
 *
 * @param start from where to replay; that of `wanted`, but for one that is live
 */
function wait(wanted: Wanted, start: Start, signal: AbortSignal, options: LongPollOptions): Promise<Waited> {
  const { hub, clock } = options;
  return new Promise((resolve) => {
    const bodies: Buffer[] = [];
    let position = start.kind === 'after' ? formatPosition(start.epoch, start.sequence) : '';
    let caughtUp = false;
    let done = false;
    const finish = (waited?: Waited) => {
      if (done) return;
      done = true;
      cancel();
      signal.removeEventListener('abort', onLeave);
      const from = subscriber.subscriptions[0]?.from ?? 0;
      let moved = false;
      if (hub.isPlaced(subscriber)) {
        position = hub.resumeOf(subscriber);
        moved = position !== formatPosition(hub.head.epoch, from);
      }
      const lacked = hub.pacer.keepsWaiting(subscriber) ? 'a turn of the pace' : 'the ledger';
      hub.disconnect(subscriber);
      // One that has read a part of a long past has to get on, though it found nothing yet. One that could not
      // read, or had no turn of the pace, must not say that there is nothing.
      const looked = position !== '' && (caughtUp || moved || bodies.length > 0);
      if (waited !== undefined) resolve(waited);
      else if (looked) resolve({ kind: 'answer', bodies, position });
      else resolve({ kind: 'refused', error: notRead(lacked) });
    };
    const finishSoon = () => setImmediate(finish);
    const sink: Sink = {
      encoding: wanted.encoding,
      write(bytes) {
        bodies.push(bytes);
        if (caughtUp || bodies.length >= wanted.limit) finishSoon();
        return bodies.length < wanted.limit;
      },
      tell(control: Control) {
        // Without a position of the client's own there is none that could be gone: it asks again.
        const asked = wanted.start.kind !== 'live' || caughtUp;
        if (control.kind === 'reset') finish({ kind: 'refused', error: asked ? gone(control) : begunAnew() });
        if (control.kind === 'ready') {
          caughtUp = true;
          if (bodies.length > 0 || wanted.waitMs === 0) finishSoon();
        }
        return true;
      },
      beat() {},
      end: () => finish(),
    };
    const onLeave = () => finish();
    const { owner, grant, paced, conflate } = wanted;
    const subscriber = hub.connect({ sink, owner, grant, paced, conflate });
    const cancel = clock.after(Math.max(wanted.waitMs, leastWaitMs), () => finish());
    signal.addEventListener('abort', onLeave);
    // It left while the past was read.
    if (signal.aborted) return finish();
    try {
      hub.subscribe(subscriber, { id: '', filter: wanted.filter, start, snapshot: false });
    } catch (error) {
      finish({ kind: 'refused', error: asManifeedError(error) });
    }
  });
}

/** Two causes, two cures. */
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

/** The answer, with where to go on in `Link` (RFC 8288), as the registry's own paging does. */
function send(reply: FastifyReply, url: string, bodies: readonly Buffer[], position: string): FastifyReply {
  const { path, query } = splitTarget(url);
  const next = new URLSearchParams(query);
  next.delete('since');
  // A token must not be handed on in a header that proxies log.
  next.delete('access_token');
  next.set('after', position);
  return reply
    .header('link', `<${path}?${next}>; rel="next"`)
    .header('cache-control', 'no-store')
    .type('application/json; charset=utf-8')
    .send(`[${bodies.map((body) => body.toString()).join(',')}]`);
}

function parseCount(text: string | undefined): number {
  if (text === undefined) return defaultChanges;
  const count = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (count < 1 || count > maxChanges) {
    throw invalidParameter('n', `parse n: ${quote(text)}: must be a number from 1 to ${maxChanges}`);
  }
  return count;
}

const waitGrammar = /^(\d{1,6})(ms|s|m)?$/;
const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000 };

function parseWait(text: string | undefined, maxWaitMs: number): number {
  if (text === undefined) return 0;
  const match = waitGrammar.exec(text);
  if (match === null)
    throw invalidParameter('wait', `parse wait: ${quote(text)}: must be a duration like 20s`);
  const waitMs = Number(match[1]) * (unitMs[match[2] ?? 's'] ?? 1_000);
  if (waitMs > maxWaitMs) {
    throw invalidParameter('wait', `parse wait: ${quote(text)}: must be at most ${maxWaitMs / 1_000}s`);
  }
  return waitMs;
}
