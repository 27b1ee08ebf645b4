/** Reads an event stream by the rules of WHATWG HTML, 9.2.6, on a bare socket, so that tests can choose the road. */
import { Inbox } from './inbox.ts';
import { openRaw, parseAnswer } from './raw-http.ts';
import {
  type Message,
  type OpenOptions,
  type Params,
  type StreamClient,
  toQuery,
  toRefusal,
} from './stream-client.ts';

/** `front`: one plain segment. `ordinary`: with `TE`, which the front leaves to node:http. */
export type Road = 'front' | 'ordinary';

export interface SseClient extends StreamClient {
  /** Headers of the answer, with lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  /** What a browser would send as `Last-Event-ID` now. */
  readonly lastEventId: () => string;
  readonly retries: readonly number[];
  /** Stops reading from the socket. */
  pause(): void;
  resume(): void;
}

/** Rejects with a RefusedError if the answer is no stream. */
export async function openSse(
  port: number,
  params: Params = {},
  options: OpenOptions & { readonly road?: Road } = {},
): Promise<SseClient> {
  const raw = await openRaw(port, options.localAddress);
  raw.send(sseRequest(port, params, options));
  const head = await raw.until('\r\n\r\n');
  const answer = parseAnswer(head.slice(0, head.indexOf('\r\n\r\n') + 4));
  if (!answer.headers['content-type']?.startsWith('text/event-stream')) {
    const whole = parseAnswer(await raw.ended());
    raw.close();
    throw toRefusal(whole.status, whole.body, whole.headers);
  }
  const inbox = new Inbox<Message>();
  const state = { lastEventId: '', retries: [] as number[] };
  const decoder = new TextDecoder();
  // The socket's own listener keeps everything. This one continues where the head ended.
  let rest = raw.text().slice(head.indexOf('\r\n\r\n') + 4);
  const read = () => {
    for (let end = rest.indexOf('\n\n'); end >= 0; end = rest.indexOf('\n\n')) {
      const block = rest.slice(0, end);
      rest = rest.slice(end + 2);
      const message = readBlock(block, state);
      if (message !== null) inbox.push(message);
    }
  };
  raw.socket.on('data', (bytes: Buffer) => {
    rest += decoder.decode(bytes, { stream: true });
    read();
  });
  read();
  const closed = new Promise<null>((resolve) => {
    const over = () => {
      inbox.end('the stream ended');
      raw.socket.end();
      resolve(null);
    };
    raw.socket.on('end', over);
    raw.socket.on('close', over);
  });
  return {
    inbox,
    closed,
    headers: answer.headers,
    lastEventId: () => state.lastEventId,
    retries: state.retries,
    pause: () => void raw.socket.pause(),
    resume: () => void raw.socket.resume(),
    close: raw.close,
  };
}

export function sseRequest(
  port: number,
  params: Params,
  options: OpenOptions & { readonly road?: Road } = {},
): string {
  const token = options.token === undefined ? {} : { Authorization: `Bearer ${options.token}` };
  const headers = { Host: `127.0.0.1:${port}`, Accept: '*/*', ...token, ...options.headers };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  if (options.road === 'ordinary') lines.push('TE: trailers');
  return `GET /v1/events${toQuery(params)} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`;
}

function readBlock(block: string, state: { lastEventId: string; retries: number[] }): Message | null {
  let event = 'message';
  let data: string | null = null;
  let id: string | null = null;
  for (const line of block.split('\n')) {
    const colon = line.indexOf(':');
    if (colon === 0) continue;
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'data') data = data === null ? value : `${data}\n${value}`;
    else if (field === 'event') event = value;
    else if (field === 'id') id = value;
    else if (field === 'retry') state.retries.push(Number(value));
  }
  if (id !== null) state.lastEventId = id;
  if (data === null) return id === null ? null : { kind: 'bookmark', position: id };
  const value = JSON.parse(data);
  switch (event) {
    case 'message':
      return { kind: 'change', resume: id ?? '', change: value, text: data };
    case 'state':
      return { kind: 'state', state: value };
    case 'ready':
    case 'reset':
    case 'bye':
      return { kind: event, ...value };
    default:
      return { kind: 'other', text: block };
  }
}
