const opcodes = { text: 0x81, ping: 0x89 };

/**
 * The payloads of the pings in a chunk of a WebSocket server's frames (RFC 6455, 5.2), which a client must
 * answer or be taken for dead. A chunk that does not begin with a frame is not looked into: only a driver that
 * is far behind gets those, and pings come again.
 */
export function pingsIn(chunk: Buffer): readonly Buffer[] {
  const found: Buffer[] = [];
  if (chunk[0] !== opcodes.text && chunk[0] !== opcodes.ping) return found;
  for (let at = 0; at + 2 <= chunk.length; ) {
    const short = chunk[at + 1] ?? 0;
    if (short > 126 || (short === 126 && at + 4 > chunk.length)) return found;
    const start = at + (short === 126 ? 4 : 2);
    const end = start + (short === 126 ? chunk.readUInt16BE(at + 2) : short);
    if (chunk[at] === opcodes.ping && end <= chunk.length) found.push(chunk.subarray(start, end));
    at = end;
  }
  return found;
}
