/** A reverse proxy in front of a gateway that does to streams what bad proxies do. */
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';

export interface Faults {
  /** Of event streams: passes the head on and collects the body; holds head and body; ends them after the head. */
  readonly streams?: 'buffer' | 'hold' | 'cut';
  /** Of `Upgrade`: answers as if it were a plain request; opens the tunnel and passes nothing back. */
  readonly upgrades?: 'ignore' | 'mute';
  /** Added to the header `Date`, ms. */
  readonly dateOffsetMs?: number;
  /** The `Host` that the gateway sees. Default: what the client sent. */
  readonly host?: string;
  /** Answers these paths itself, with `Upgrade` too. */
  readonly answers?: Readonly<Record<string, { readonly status: number; readonly body: string }>>;
}

export interface BadProxy {
  readonly url: string;
  close(): Promise<void>;
}

/** @param port of the gateway, on 127.0.0.1 */
export async function startBadProxy(port: number, faults: Faults): Promise<BadProxy> {
  const sockets = new Set<Socket>();
  const server = createServer((incoming, outgoing) => pass(port, faults, incoming, outgoing));
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('upgrade', (incoming, socket: Socket, head) => {
    socket.on('error', () => {});
    if (faults.upgrades === 'ignore') {
      socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
      return;
    }
    const own = answerOf(faults, incoming);
    if (own !== undefined) {
      const { length } = Buffer.from(own.body);
      socket.end(
        `HTTP/1.1 ${own.status} No\r\nContent-Length: ${length}\r\nConnection: close\r\n\r\n${own.body}`,
      );
      return;
    }
    const upstream = connect(port, '127.0.0.1');
    upstream.on('error', () => socket.destroy());
    socket.once('close', () => upstream.destroy());
    upstream.once('close', () => socket.destroy());
    upstream.write(headOf(incoming));
    upstream.write(head);
    socket.pipe(upstream);
    if (faults.upgrades !== 'mute') upstream.pipe(socket);
    else
      upstream.once('data', (bytes: Buffer) => {
        socket.write(bytes.subarray(0, bytes.indexOf('\r\n\r\n') + 4));
        upstream.resume();
      });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${address.port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** What the proxy answers itself. */
function answerOf({ answers }: Faults, { url }: IncomingMessage) {
  return answers?.[url?.replace(/\?.*/s, '') ?? ''];
}

function pass(port: number, faults: Faults, incoming: IncomingMessage, outgoing: ServerResponse): void {
  const own = answerOf(faults, incoming);
  if (own !== undefined) {
    incoming.resume();
    outgoing.writeHead(own.status, { 'content-type': 'application/json' }).end(own.body);
    return;
  }
  const headers = { ...incoming.headers, ...(faults.host === undefined ? {} : { host: faults.host }) };
  const { method, url: target } = incoming;
  const upstream = request({ port, host: '127.0.0.1', method, path: target, headers }, (answer) => {
    const date = Date.parse(answer.headers.date ?? '') + (faults.dateOffsetMs ?? 0);
    const told = { ...answer.headers, date: new Date(date).toUTCString() };
    const isStream = answer.headers['content-type']?.startsWith('text/event-stream') === true;
    if (isStream && faults.streams !== undefined) {
      answer.resume();
      if (faults.streams === 'hold') return;
      outgoing.writeHead(answer.statusCode ?? 502, told);
      outgoing.flushHeaders();
      if (faults.streams === 'cut') outgoing.destroy();
      return;
    }
    outgoing.writeHead(answer.statusCode ?? 502, told);
    answer.pipe(outgoing);
  });
  upstream.on('error', () => outgoing.writeHead(502, { 'content-type': 'text/html' }).end('<h1>502</h1>'));
  outgoing.once('close', () => upstream.destroy());
  incoming.pipe(upstream);
}

/** The head of a request as it came. */
function headOf({ method, url, rawHeaders }: IncomingMessage): string {
  const lines = rawHeaders.flatMap((name, index) =>
    index % 2 === 0 ? [`${name}: ${rawHeaders[index + 1] ?? ''}`] : [],
  );
  return `${method} ${url} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`;
}
