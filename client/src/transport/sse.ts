/** Server-Sent Events over fetch: unlike EventSource it can send a token in a header, and stop reading. */
import { createParser } from 'eventsource-parser';
import { childOf } from '../abort.ts';
import { asFeedError, type FeedError, networkError, protocolError } from '../feed-error.ts';
import { toQuery } from '../filter.ts';
import type { FetchResponse } from '../runtime.ts';
import { readSome, request } from './http.ts';
import { parseObject, toChange, toMessage, toRow } from './messages.ts';
import { whyNothing } from './reach.ts';
import { Silence } from './silence.ts';
import { type Ask, lost, type Receiver, type Transport, type TransportParts } from './transport.ts';

/** Time until the first byte, ms: the gateway sends `retry:` at once, so a proxy held one that comes later. */
export const firstByteMs = 15_000;
/** Most characters of one event. */
const maxEvent = 1024 * 1024;
/** Characters that are parsed before the receiver is asked again whether it is full. */
const slice = 16 * 1024;

/** Makes the transport. */
export function sseTransport(parts: TransportParts): Transport {
  return async (ask, receiver, signal) => {
    const over = childOf(signal);
    let dead: FeedError | null = null;
    let hasBegun = false;
    const silence = new Silence(parts.clock, firstByteMs, (error) => {
      dead = error;
      over.end();
    });
    const follow = async () => {
      const response = await open(parts, ask, over.signal);
      const stream = new EventStream(receiver, silence);
      await stream.read(response, over.signal, () => {
        if (!hasBegun) silence.expect(0);
        hasBegun = true;
      });
      return stream.farewell ?? networkError('read messages: the stream ended');
    };
    const error = await follow().catch((error: unknown) => dead ?? asFeedError(error, 'read messages'));
    silence.stop();
    over.end();
    return hasBegun ? lost(error) : whyNothing(parts, ask, error, signal);
  };
}

async function open(parts: TransportParts, { filter, start, token }: Ask, signal: AbortSignal) {
  const query = toQuery(filter, start);
  const asked = { path: '/v1/events', query, token, accept: 'text/event-stream', signal };
  const response = await request(parts, asked);
  const type = response.headers.get('content-type') ?? '';
  if (type.startsWith('text/event-stream')) return response;
  throw protocolError(`open stream: ${type}: must be text/event-stream`, { status: response.status });
}

/** The events of one answer. */
class EventStream {
  /** What a `bye` said. */
  farewell: FeedError | null = null;
  readonly #receiver: Receiver;
  readonly #silence: Silence;
  /** An id whose event has not come: a bookmark, unless one follows at once. */
  #id: string | null = null;
  #fault: FeedError | null = null;
  readonly #parser = createParser({
    maxBufferSize: maxEvent,
    onId: (id) => {
      this.#flush();
      this.#id = id;
    },
    onEvent: ({ event, id, data }) => {
      // An id of its own was told before it. Without one, what was told is a bookmark.
      if (id === undefined) this.#flush();
      this.#id = null;
      this.#take(event, id, data);
    },
    onError: ({ type, message }) => {
      if (type === 'max-buffer-size-exceeded') this.#fault = protocolError(`read messages: ${message}`);
    },
  });

  constructor(receiver: Receiver, silence: Silence) {
    this.#receiver = receiver;
    this.#silence = silence;
  }

  /** Resolves when the stream has ended. @throws FeedError */
  async read({ body }: FetchResponse, signal: AbortSignal, onByte: () => void): Promise<void> {
    if (body === null) return;
    const reader = body.getReader();
    const decoder = new TextDecoder();
    while (this.farewell === null) {
      const { done, value } = await readSome(reader);
      if (done || signal.aborted) return;
      if (value === undefined || value.length === 0) continue;
      onByte();
      this.#silence.hear();
      await this.#feed(decoder.decode(value, { stream: true }), signal);
    }
  }

  async #feed(text: string, signal: AbortSignal): Promise<void> {
    for (let at = 0; at < text.length; at += slice) {
      if (this.#receiver.isFull) {
        this.#silence.pause(true);
        await this.#receiver.room(signal);
        this.#silence.pause(false);
        if (signal.aborted) return;
      }
      this.#parser.feed(text.slice(at, at + slice));
      this.#flush();
      if (this.#fault !== null) throw this.#fault;
    }
  }

  #flush(): void {
    if (this.#id === null) return;
    if (this.#id !== '') this.#receiver.take({ kind: 'bookmark', position: this.#id }, this.#id.length);
    this.#id = null;
  }

  #take(event: string | undefined, id: string | undefined, data: string): void {
    const members = parseObject(data);
    if (event === undefined) {
      const change = toChange(members);
      this.#receiver.take({ kind: 'change', resume: id ?? change.position, change }, data.length);
      return;
    }
    if (event === 'state') return this.#receiver.take({ kind: 'state', row: toRow(members) }, data.length);
    const message = toMessage(event, members);
    if (message === null) return;
    if (message.kind === 'ready') this.#silence.expect(message.heartbeatMs);
    if (message.kind === 'bye') this.farewell = message.error;
    else this.#receiver.take(message, data.length);
  }
}
