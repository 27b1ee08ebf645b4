import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { type FrameListener, FrameReaders } from '../../../../src/transport/websocket/reader.ts';

const opcodes = { text: 1, close: 8, ping: 9 };

/** A client's frame of under 126 bytes: masked, whole. */
function frame(payload: Buffer | string, opcode = opcodes.text): Buffer {
  const mask = Buffer.from([7, 1, 9, 3]);
  const masked = Buffer.from(payload).map((byte, i) => byte ^ (mask[i % 4] ?? 0));
  return Buffer.concat([Buffer.from([0x80 | opcode, 0x80 | masked.length]), mask, masked]);
}

function client(): FrameListener & { readonly heard: string[] } {
  const heard: string[] = [];
  return {
    heard,
    onMessage: (data, isBinary) => heard.push(isBinary ? 'binary' : data.toString()),
    onPing: (data) => heard.push(`ping ${data}`),
    onPong: () => heard.push('pong'),
    onClosing: (code) => heard.push(`concluded ${code}`),
    onFault: (error) => heard.push(`faulty ${error.code}`),
  };
}

describe('FrameReaders', () => {
  it('tells each connection what its own client said', () => {
    const readers = new FrameReaders(1_000);
    const [one, other] = [client(), client()];
    for (const n of [1, 2, 3]) {
      expect(readers.readWhole(frame(`one ${n}`), one)).toBe(true);
      const two = Buffer.concat([frame(`other ${n}`), frame('', opcodes.ping)]);
      expect(readers.readWhole(two, other)).toBe(true);
    }
    expect(one.heard).toEqual(['one 1', 'one 2', 'one 3']);
    expect(other.heard).toEqual(['other 1', 'ping ', 'other 2', 'ping ', 'other 3', 'ping ']);
  });

  it.each([
    ['half a frame', frame('half').subarray(0, 7)],
    ['a first fragment', Buffer.from([0x01, 0x80, 1, 2, 3, 4])],
    ['more than a read', Buffer.concat(Array.from({ length: 100 }, () => frame('x'.repeat(60))))],
    ['a length over 16 bits', Buffer.from([0x81, 0xff, 0, 0, 0, 0, 0, 1, 0, 0, 1, 2, 3, 4])],
  ])('leaves %s to a reader of its own', (_what, bytes) => {
    const listener = client();
    expect(new FrameReaders(1_000).readWhole(bytes, listener)).toBe(false);
    expect(listener.heard).toEqual([]);
  });

  it.each([
    ['not UTF-8', frame(Buffer.from([0xff, 0xfe])), 'faulty WS_ERR_INVALID_UTF8'],
    ['not masked', Buffer.from([0x81, 0x04, 1, 2, 3, 4, 5, 6, 7, 8]), 'faulty WS_ERR_EXPECTED_MASK'],
    ['too large', frame('x'.repeat(110)), 'faulty WS_ERR_UNSUPPORTED_MESSAGE_LENGTH'],
    ['a close', frame(Buffer.from([0x03, 0xe9]), opcodes.close), 'concluded 1001'],
    ['a close without a code', frame('', opcodes.close), 'concluded 1005'],
  ])('tells who sent it that it is %s, and nobody else', async (_what, bytes, expected) => {
    const readers = new FrameReaders(100);
    const [bad, good] = [client(), client()];
    readers.readWhole(frame('before'), good);
    expect(readers.readWhole(bytes, bad)).toBe(true);
    readers.readWhole(frame('between'), good);
    await nextTurn();
    readers.readWhole(frame('after'), good);
    expect(bad.heard).toEqual([expected]);
    expect(good.heard).toEqual(['before', 'between', 'after']);
  });

  it('reads a message that comes in pieces', () => {
    const listener = client();
    const reader = new FrameReaders(1_000).create();
    const bytes = Buffer.concat([frame('piece by piece'), frame('and one')]);
    for (const byte of bytes) expect(reader.read(Buffer.from([byte]), listener, () => {})).toBe(true);
    expect(listener.heard).toEqual(['piece by piece', 'and one']);
  });
});
