/** A WebSocket over the `ws` client, an independent implementation of RFC 6455. */
import { WebSocket } from 'ws';
import { catalogue, type ErrorCode } from '../../src/errors.ts';
import { Inbox } from './inbox.ts';
import type { Road } from './sse-client.ts';
import {
  type Message,
  type OpenOptions,
  type Params,
  RefusedError,
  type StreamClient,
  toRefusal,
} from './stream-client.ts';

export interface WebSocketClient extends StreamClient {
  readonly socket: WebSocket;
  readonly closeReason: () => string;
  send(message: object): void;
  /** Sends `subscribe` and resolves once it is confirmed. Rejects with a RefusedError. */
  subscribe(params: Params, id?: string): Promise<void>;
}

/** Opens the connection, without a subscription. */
export async function openWebSocket(
  port: number,
  options: OpenOptions & { readonly road?: Road; readonly path?: string } = {},
): Promise<WebSocketClient> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${options.path ?? '/v1/socket'}`, ['manifeed.v1'], {
    perMessageDeflate: false,
    ...(options.localAddress === undefined ? {} : { localAddress: options.localAddress }),
    headers: {
      ...(options.token === undefined ? {} : { Authorization: `Bearer ${options.token}` }),
      // The front leaves a request with this header to node:http.
      ...(options.road === 'ordinary' ? { TE: 'trailers' } : {}),
      ...options.headers,
    },
  });
  const inbox = new Inbox<Message>();
  let reason = '';
  const closed = new Promise<number>((resolve) => {
    socket.on('close', (code, text) => {
      reason = text.toString();
      inbox.end(`closed with ${code} ${reason}`);
      resolve(code);
    });
  });
  socket.on('message', (data) => inbox.push(readMessage(data.toString())));
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
    socket.once('unexpected-response', (_request, response) => {
      let body = '';
      response.on('data', (bytes: Buffer) => {
        body += bytes.toString();
      });
      response.on('end', () =>
        reject(toRefusal(response.statusCode ?? 0, body, response.headers as Record<string, string>)),
      );
    });
  });
  socket.on('error', () => {});
  const send = (message: object) => socket.send(JSON.stringify(message));
  return {
    inbox,
    closed,
    socket,
    closeReason: () => reason,
    send,
    close: () => socket.terminate(),
    async subscribe(params, id = 's1') {
      const { type: types, ...rest } = params;
      send({ ...rest, ...(types === undefined ? {} : { types }), type: 'subscribe', id });
      const answer = await inbox.until(
        (message): message is Extract<Message, { kind: 'other' }> =>
          message.kind === 'other' && JSON.parse(message.text).id === id,
      );
      const value = JSON.parse(answer.text);
      if (value.type === 'error') throw toError(value);
    },
  };
}

function toError(value: {
  code: ErrorCode;
  message: string;
  detail: { parameter?: string } | null;
}): RefusedError {
  const { code, message, detail } = value;
  return new RefusedError({ status: catalogue[code].status, code, message, detail, headers: {} });
}

function readMessage(text: string): Message {
  const value = JSON.parse(text);
  switch (value.type) {
    case 'change':
      // The bytes after the resume position are the change itself.
      return {
        kind: 'change',
        resume: value.resume,
        change: value.change,
        text: text.slice(text.indexOf('"change":{') + '"change":'.length, -1),
      };
    case 'state':
      return { kind: 'state', state: value.state };
    case 'ready':
    case 'reset':
    case 'bookmark':
    case 'bye': {
      const { type, ...rest } = value;
      return { kind: type, ...rest };
    }
    default:
      return { kind: 'other', text };
  }
}
