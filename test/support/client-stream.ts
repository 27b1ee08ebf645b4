/** A stream of the client over transports that a test plays itself, on a clock that it moves. */

import { TransportChoice } from '../../client/src/feed/choice.ts';
import { StatusBoard } from '../../client/src/feed/status.ts';
import { type Token, TokenSource } from '../../client/src/feed/token.ts';
import { Bell } from '../../client/src/feed/wake-ups.ts';
import type { Change, FeedEvent, FeedStatus, Filter, TagState } from '../../client/src/index.ts';
import { Saver } from '../../client/src/store/saver.ts';
import type { PositionStore } from '../../client/src/store/store.ts';
import { EventIterator } from '../../client/src/stream/iterator.ts';
import { Stream } from '../../client/src/stream/stream.ts';
import type { Ask, Ending, Receiver, TransportName } from '../../client/src/transport/transport.ts';
import { fakeClock } from './fake-clock.ts';
import { Inbox } from './inbox.ts';

/** A connection that the stream has opened. */
export interface Opened {
  readonly name: TransportName;
  readonly ask: Ask;
  readonly receiver: Receiver;
  readonly signal: AbortSignal;
  /** Ends it. */
  end(ending: Ending): void;
}

export interface StreamOptions {
  readonly filter?: Filter;
  readonly after?: string | null;
  readonly since?: string | null;
  readonly transport?: 'auto' | TransportName;
  readonly token?: Token;
  readonly store?: PositionStore;
  readonly random?: () => number;
}

export function playStream(options: StreamOptions = {}) {
  const { filter = {}, transport = 'auto', store = null, random = () => 0.5 } = options;
  const clock = fakeClock();
  const opened = new Inbox<Opened>();
  const board = new StatusBoard();
  const statuses = new Inbox<FeedStatus>();
  board.on((status) => statuses.push(status));
  const play = (name: TransportName) => (ask: Ask, receiver: Receiver, signal: AbortSignal) =>
    new Promise<Ending>((end) => opened.push({ name, ask, receiver, signal, end }));
  const bell = new Bell(() => () => {});
  const parts = {
    ...{
      url: 'http://gateway.test',
      clock,
      fetch: () => Promise.reject(new Error('not used')),
      WebSocket: null,
    },
    ...{ random, bell, token: new TokenSource(options.token ?? null, clock) },
    choice: new TransportChoice(transport, true),
    transports: { websocket: play('websocket'), sse: play('sse'), 'long-poll': play('long-poll') },
  };
  const stream = new Stream(parts, filter);
  const saver = new Saver(store);
  const { after } = options;
  const beginning = {
    after: () => (after === undefined ? saver.load() : Promise.resolve(after)),
    since: options.since ?? null,
  };
  const events: EventIterator = new EventIterator(
    {
      buffer: stream.buffer,
      start: () => void stream.run(beginning, board.enter()),
      stop: () => stream.stop(),
    },
    saver,
  );
  return { clock, opened, statuses, board, bell, stream, events };
}

/** The change with a sequence, of a tag. */
export function changeOf(sequence: number, tag = 't', members: Partial<Change> = {}): Change {
  const at = '2026-01-01T00:00:00.000Z';
  return {
    ...{ position: `e-${sequence}`, type: 'tag.updated', registry: 'r.test', repository: 'app', tag },
    ...{ digest: `sha256:${sequence}`, previousDigest: null, mediaType: null, size: null },
    ...{ occurredAt: at, recordedAt: at, origin: 'poll', ...members },
  };
}

/** A row of a snapshot. */
export function rowOf(tag: string, digest = `sha256:${tag}`): TagState {
  const at = '2026-01-01T00:00:00.000Z';
  const where = { registry: 'r.test', repository: 'app', tag, digest };
  return { ...where, mediaType: null, size: null, firstSeenAt: at, updatedAt: at };
}

/** Hands a change to a connection. @param resume sequence of its resume position */
export function bring({ receiver }: Opened, change: Change, resume = change.position): void {
  receiver.take({ kind: 'change', change, resume }, 100);
}

/** Hands `ready` to a connection. */
export function ready({ receiver }: Opened, position: string): void {
  receiver.take({ kind: 'ready', position, heartbeatMs: 20_000 }, 10);
}

/** The next event, which must be a value. */
export async function nextOf(events: AsyncIterator<FeedEvent, undefined>): Promise<FeedEvent> {
  const { value } = await events.next();
  if (value === undefined) throw new Error('read an event: the stream has ended');
  return value;
}
