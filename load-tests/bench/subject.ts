import { fileURLToPath } from 'node:url';
import { Child } from './child.ts';
import type { FromServer, ToServer } from './control.ts';
import { sampleChange } from './sample.ts';

/** What a subscriber of this server sends and expects. */
export interface Dialogue {
  readonly request: string;
  /** WebSocket: the message sent after the handshake. */
  readonly subscribe: string | null;
  readonly readyMarker: string;
}

export interface Subject {
  readonly pid: number;
  readonly port: number;
  readonly dialogue: Dialogue;
  /** Publishes one change. It may resolve before the change is delivered. */
  publish(): Promise<void>;
  /** Begins to watch the event loop for stalls. */
  watchStalls(): void;
  /** Stops watching; resolves to the longest stall, ms. */
  longestStallMs(): Promise<number>;
  /** Begins to watch how long code holds the event loop, in CPU time without collections. */
  watchHolds(): void;
  /** Stops watching; resolves to the longest hold, ms. */
  longestHoldMs(): Promise<number>;
  collectGarbage(): Promise<void>;
  close(): Promise<void>;
}

export const startTimeoutMs = 30_000;

export const sseRequest = (path: string, headers: readonly string[] = []) =>
  [`GET ${path} HTTP/1.1`, 'Host: 127.0.0.1', 'Accept: text/event-stream', ...headers, '', ''].join('\r\n');

export const webSocketRequest = (path: string, headers: readonly string[] = []) =>
  [
    `GET ${path} HTTP/1.1`,
    'Host: 127.0.0.1',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    // The sample key of RFC 6455, 1.3. Servers only hash it.
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    ...headers,
    '',
    '',
  ].join('\r\n');

export const probeArgs = ['--expose-gc', '--import', new URL('./probe.ts', import.meta.url).href] as const;

export type ServerChild = Child<ToServer, FromServer>;

/** The methods of a subject that the probe in the server carries out. */
export function probeMethods(
  child: ServerChild,
): Pick<Subject, 'watchStalls' | 'longestStallMs' | 'watchHolds' | 'longestHoldMs' | 'collectGarbage'> {
  return {
    async collectGarbage() {
      const collected = child.next('collected', startTimeoutMs);
      child.send({ kind: 'collect' });
      await collected;
    },
    watchStalls: () => child.send({ kind: 'watch-stalls', on: true }),
    async longestStallMs() {
      const stall = child.next('stall', startTimeoutMs);
      child.send({ kind: 'watch-stalls', on: false });
      return (await stall).maxMs;
    },
    watchHolds: () => child.send({ kind: 'watch-holds' }),
    async longestHoldMs() {
      const hold = child.next('hold', startTimeoutMs);
      child.send({ kind: 'longest-hold' });
      return (await hold).maxMs;
    },
  };
}

const own = {
  bare: { script: './server-bare.ts', request: sseRequest('/'), subscribe: null },
  sse: { script: './server-sse.ts', request: sseRequest('/'), subscribe: null },
  ws: { script: './server-ws.ts', request: webSocketRequest('/'), subscribe: '{"type":"subscribe"}' },
} as const;

/** Starts one of the bench's own servers. */
export async function startOwn(name: keyof typeof own, core: number): Promise<Subject> {
  const { script, request, subscribe } = own[name];
  const path = fileURLToPath(new URL(script, import.meta.url));
  const child: ServerChild = new Child(name, { args: [...probeArgs, path], core });
  const listening = child.next('listening', startTimeoutMs);
  const { port } = await listening.catch(async (error: unknown) => {
    await child.close();
    throw error;
  });
  let sequence = 0;
  return {
    pid: child.pid,
    port,
    dialogue: { request, subscribe, readyMarker: 'ready' },
    publish: async () => child.send({ kind: 'publish', change: sampleChange(++sequence) }),
    ...probeMethods(child),
    close: () => child.close(),
  };
}
