/** HTTP by hand on a bare socket, for requests that no client library would send. */
import { connect, type Socket } from 'node:net';
import { patienceMs } from './inbox.ts';

export interface RawHttp {
  readonly socket: Socket;
  /** Everything received so far, as latin1. */
  text(): string;
  /** Resolves to everything received as soon as it contains `part`. */
  until(part: string | RegExp): Promise<string>;
  /** Resolves to everything received when the other side has closed. */
  ended(): Promise<string>;
  send(text: string | Buffer): void;
  close(): void;
}

export interface RawAnswer {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * Connects without sending anything.
 *
 * @param localAddress the loopback address to connect from, in 127.0.0.0/8
 */
export async function openRaw(port: number, localAddress = '127.0.0.1'): Promise<RawHttp> {
  const socket = connect({ port, host: '127.0.0.1', localAddress, allowHalfOpen: true });
  let received = '';
  let over = false;
  const watchers = new Set<() => void>();
  const notify = () => {
    for (const watch of watchers) watch();
  };
  const finish = () => {
    over = true;
    notify();
  };
  socket.on('data', (bytes: Buffer) => {
    received += bytes.toString('latin1');
    notify();
  });
  socket.on('end', finish);
  socket.on('close', finish);
  socket.on('error', finish);
  const when = (fits: () => boolean, what: string) =>
    new Promise<string>((resolve, reject) => {
      const timer = setTimeout(() => {
        watchers.delete(look);
        reject(new Error(`wait for ${what}: not within ${patienceMs} ms: ${received.slice(-800)}`));
      }, patienceMs);
      const look = () => {
        if (!fits() && !over) return;
        clearTimeout(timer);
        watchers.delete(look);
        if (fits()) resolve(received);
        else reject(new Error(`wait for ${what}: the connection ended: ${received.slice(-800)}`));
      };
      watchers.add(look);
      look();
    });
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  return {
    socket,
    text: () => received,
    until: (part) =>
      when(() => (typeof part === 'string' ? received.includes(part) : part.test(received)), String(part)),
    ended: () => when(() => over, 'the end'),
    send: (text) => void socket.write(text),
    close: () => void socket.destroy(),
  };
}

/** Parses one answer of known length from raw text. */
export function parseAnswer(text: string): RawAnswer {
  const [head = '', ...rest] = text.split('\r\n\r\n');
  const [statusLine = '', ...lines] = head.split('\r\n');
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(':');
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
  }
  return { status: Number(statusLine.split(' ')[1]), headers, body: rest.join('\r\n\r\n') };
}
