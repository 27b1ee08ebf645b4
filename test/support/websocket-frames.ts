/** Client frames made by hand, for frames that no client library would send. */
import { openRaw, type RawHttp } from './raw-http.ts';

export const opcode = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

export interface FrameOptions {
  /** Default true. */
  readonly fin?: boolean;
  /** Default true, as RFC 6455, 5.1 requires of clients. */
  readonly mask?: boolean;
}

export function clientFrame(
  code: number,
  payload: Buffer | string,
  { fin = true, mask = true }: FrameOptions = {},
): Buffer {
  const bytes = Buffer.from(payload);
  const extended = bytes.length < 126 ? 0 : bytes.length < 65_536 ? 2 : 8;
  const head = Buffer.alloc(2 + extended);
  head[0] = (fin ? 0x80 : 0) | code;
  head[1] = (mask ? 0x80 : 0) | (extended === 0 ? bytes.length : extended === 2 ? 126 : 127);
  if (extended === 2) head.writeUInt16BE(bytes.length, 2);
  if (extended === 8) head.writeBigUInt64BE(BigInt(bytes.length), 2);
  if (!mask) return Buffer.concat([head, bytes]);
  const key = Buffer.from([1, 2, 3, 4]);
  const masked = bytes.map((byte, index) => byte ^ (key[index % 4] ?? 0));
  return Buffer.concat([head, key, masked]);
}

export function handshake(port: number, headers: Readonly<Record<string, string>> = {}): string {
  const all = {
    Host: `127.0.0.1:${port}`,
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
    ...headers,
  };
  const lines = Object.entries(all)
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `${name}: ${value}\r\n`);
  return `GET /v1/socket HTTP/1.1\r\n${lines.join('')}\r\n`;
}

/**
 * A bare socket after a successful handshake.
 *
 * @param headers of the handshake; by default it takes the fast road
 */
export async function openBareWebSocket(
  port: number,
  headers: Readonly<Record<string, string>> = {},
): Promise<RawHttp> {
  const raw = await openRaw(port);
  raw.send(handshake(port, headers));
  await raw.until('\r\n\r\n');
  if (!raw.text().startsWith('HTTP/1.1 101')) throw new Error(`open WebSocket: ${raw.text()}: must be 101`);
  return raw;
}

/** The server's close code in raw bytes; null if there is no close frame with a code. */
export function closeCodeIn(text: string): number | null {
  const bytes = Buffer.from(text.slice(text.indexOf('\r\n\r\n') + 4), 'latin1');
  for (let at = 0; at + 2 <= bytes.length; ) {
    const code = (bytes[at] ?? 0) & 0x0f;
    const short = bytes[at + 1] ?? 0;
    const head = short === 126 ? 4 : 2;
    const length = short === 126 ? bytes.readUInt16BE(at + 2) : short;
    if (code === opcode.close) return length >= 2 ? bytes.readUInt16BE(at + head) : null;
    at += head + length;
  }
  return null;
}
