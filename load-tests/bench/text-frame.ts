import { randomBytes } from 'node:crypto';

/** A masked WebSocket text frame (RFC 6455, 5.2), as clients must send it. At most 65,535 bytes of text. */
export function textFrame(text: string): Buffer {
  return maskedFrame(0x81, Buffer.from(text));
}

/** The answer to a ping with this payload. */
export function pongFrame(payload: Buffer): Buffer {
  return maskedFrame(0x8a, Buffer.from(payload));
}

/** Masks `payload` in place. */
function maskedFrame(firstByte: number, payload: Buffer): Buffer {
  if (payload.length > 65_535)
    throw new RangeError(`make frame: ${payload.length} bytes: must be at most 65535`);
  const long = payload.length > 125;
  const head = Buffer.alloc(long ? 4 : 2);
  head[0] = firstByte;
  head[1] = 0x80 | (long ? 126 : payload.length);
  if (long) head.writeUInt16BE(payload.length, 2);
  const mask = randomBytes(4);
  for (let i = 0; i < payload.length; i++) payload[i] = (payload[i] ?? 0) ^ (mask[i % 4] ?? 0);
  return Buffer.concat([head, mask, payload]);
}
