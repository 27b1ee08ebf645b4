/**
 * Streams that keep nothing of what they read, for hundreds of subscribers over minutes. They speak each
 * transport as its protocol says and tell of every loss; coming back is the subscriber's business.
 */
import { Agent, get } from 'node:http';
import { connect } from 'node:net';
import { WebSocket } from 'ws';
import type { WireChange } from '../../support/stream-client.ts';

export interface StreamListener {
  /** All at or before `resume` has been delivered; null where the transport says so only at the answer's end. */
  change(change: WireChange, resume: string | null): void;
  reset(position: string, reason: string): void;
  /** Bookmark, ready, or the end of a long-poll's answer. */
  resume(position: string): void;
  over(): void;
}

/** Begins at `after`, or live where that is null. Returns an idempotent end of it, after which nothing is told. */
export type OpenStream = (port: number, after: string | null, listener: StreamListener) => () => void;

interface Told {
  readonly type?: string;
  readonly position: string;
  readonly reason: string;
  readonly resume: string;
  readonly change: WireChange;
}

export const openSseStream: OpenStream = (port, after, listener) => {
  const socket = connect({ port, host: '127.0.0.1' });
  const resume = after === null ? '' : `Last-Event-ID: ${after}\r\n`;
  socket.write(`GET /v1/events?type=* HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${resume}\r\n`);
  let text = '';
  let inBody = false;
  let isOver = false;
  const finish = () => {
    if (isOver) return;
    isOver = true;
    socket.destroy();
    listener.over();
  };
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
    if (!inBody) {
      const end = text.indexOf('\r\n\r\n');
      if (end < 0) return;
      if (!text.startsWith('HTTP/1.1 200')) return finish();
      text = text.slice(end + 4);
      inBody = true;
    }
    for (let end = text.indexOf('\n\n'); end >= 0 && !isOver; end = text.indexOf('\n\n')) {
      const block = text.slice(0, end);
      text = text.slice(end + 2);
      readBlock(block, listener);
    }
  });
  socket.on('error', finish).on('end', finish).on('close', finish);
  return () => {
    isOver = true;
    socket.destroy();
  };
};

function readBlock(block: string, listener: StreamListener): void {
  const fields = new Map(
    block.split('\n').map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon), line.slice(colon + 1).trim()] as const;
    }),
  );
  const id = fields.get('id');
  const data = fields.get('data');
  if (data === undefined) {
    if (id !== undefined) listener.resume(id);
    return;
  }
  const event = fields.get('event');
  if (event === undefined) return listener.change(JSON.parse(data) as WireChange, id ?? null);
  const { position, reason } = JSON.parse(data) as Told;
  if (event === 'reset') listener.reset(position, reason);
  else if (event === 'ready') listener.resume(position);
}

export const openWebSocketStream: OpenStream = (port, after, listener) => {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/v1/socket`, ['manifeed.v1'], {
    perMessageDeflate: false,
  });
  let isOver = false;
  const finish = () => {
    if (isOver) return;
    isOver = true;
    socket.terminate();
    listener.over();
  };
  socket.on('open', () =>
    socket.send(
      JSON.stringify({ type: 'subscribe', id: 's', types: ['*'], ...(after === null ? {} : { after }) }),
    ),
  );
  socket.on('message', (data) => {
    if (isOver) return;
    const told = JSON.parse(data.toString()) as Told;
    if (told.type === 'change') listener.change(told.change, told.resume);
    else if (told.type === 'reset') listener.reset(told.position, told.reason);
    else if (told.type === 'ready' || told.type === 'bookmark') listener.resume(told.position);
    else if (told.type === 'error') finish();
  });
  socket.on('error', finish).on('close', finish);
  return () => {
    isOver = true;
    socket.terminate();
  };
};

export const openLongPollStream: OpenStream = (port, after, listener) => {
  // Its own connection, so that a balancer sees each subscriber come and go.
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  let isOver = false;
  const finish = () => {
    if (isOver) return;
    isOver = true;
    agent.destroy();
    listener.over();
  };
  const ask = (from: string | null) => {
    if (isOver) return;
    const path = `/v2/updates?type=*${from === null ? '' : `&after=${from}&wait=5s`}`;
    const asked = get({ agent, host: '127.0.0.1', port, path }, (answer) => {
      let body = '';
      answer.setEncoding('utf8');
      answer.on('data', (chunk: string) => {
        body += chunk;
      });
      answer.on('error', finish).on('aborted', finish);
      answer.on('end', () => {
        if (isOver || !answer.complete) return finish();
        const next = /[?&]after=([^&>]+)/.exec(String(answer.headers.link))?.[1];
        if (answer.statusCode === 410) {
          const { position, reason } = JSON.parse(body).errors[0].detail as Told;
          listener.reset(position, reason);
          return ask(position);
        }
        if (answer.statusCode !== 200 || next === undefined) return finish();
        // Without a position the answer tells of the past; only where it ends matters.
        if (from !== null)
          for (const change of JSON.parse(body) as WireChange[]) listener.change(change, null);
        listener.resume(next);
        ask(next);
      });
    });
    asked.on('error', finish);
  };
  ask(after);
  return () => {
    isOver = true;
    agent.destroy();
  };
};
