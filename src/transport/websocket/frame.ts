/** Frames of the server's side (RFC 6455, 5.2): unmasked, unfragmented, uncompressed. */
import { Sender } from 'ws';

export const opcodes = { text: 1, close: 8, ping: 9, pong: 10 };

function frame(opcode: number, payload: Buffer): Buffer {
  const options = { fin: true, rsv1: false, opcode, mask: false, readOnly: true };
  // One buffer, so that one write goes to each socket.
  return Buffer.concat(Sender.frame(payload, options));
}

/** A text frame. */
export function textFrame(text: string): Buffer {
  return frame(opcodes.text, Buffer.from(text));
}

/** A ping. @param payload at most 125 bytes (RFC 6455, 5.5) */
export function pingFrame(payload: string): Buffer {
  return frame(opcodes.ping, Buffer.from(payload));
}

/** A pong. @param payload of the ping that it answers (RFC 6455, 5.5.3) */
export function pongFrame(payload: Buffer): Buffer {
  return frame(opcodes.pong, payload);
}

/** @param reason at most 123 bytes of it are sent (RFC 6455, 5.5) */
export function closeFrame(code: number, reason: string): Buffer {
  const text = Buffer.from(reason).subarray(0, 123);
  const payload = Buffer.alloc(2 + text.length);
  payload.writeUInt16BE(code, 0);
  text.copy(payload, 2);
  return frame(opcodes.close, payload);
}

/** The frames in a buffer that these functions built. */
export function* framesIn(frames: Buffer): Generator<{ readonly opcode: number; readonly payload: Buffer }> {
  for (let at = 0; at < frames.length; ) {
    const short = frames[at + 1] ?? 0;
    const header = short === 127 ? 10 : short === 126 ? 4 : 2;
    const length =
      short === 127
        ? Number(frames.readBigUInt64BE(at + 2))
        : short === 126
          ? frames.readUInt16BE(at + 2)
          : short;
    const end = at + header + length;
    yield { opcode: (frames[at] ?? 0) & 0x0f, payload: frames.subarray(at + header, end) };
    at = end;
  }
}

/** Whether these bytes are one or more whole messages: then the parser keeps no state for this connection. */
export function areWholeMessages(bytes: Buffer): boolean {
  let at = 0;
  while (at + 2 <= bytes.length) {
    const first = bytes[at] ?? 0;
    const length = (bytes[at + 1] ?? 0) & 0x7f;
    const whole = (first & 0x80) !== 0 && (first & 0x0f) !== 0;
    // Longer messages, fragments and continuations: the parser must keep its state.
    if (!whole || length === 127) return false;
    if (length === 126 && at + 4 > bytes.length) return false;
    at += length === 126 ? 8 + bytes.readUInt16BE(at + 2) : 6 + length;
  }
  return at === bytes.length;
}

/** Whether these bytes are one pong and nothing else: the answer to a heartbeat. */
export function isPong(bytes: Buffer): boolean {
  return bytes[0] === 0x8a && ((bytes[1] ?? 0) & 0x80) !== 0 && bytes.length === 6 + ((bytes[1] ?? 0) & 0x7f);
}
