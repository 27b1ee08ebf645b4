const opcodes = { text: 0x81, ping: 0x89 };

/**
 * The payloads of the pings in a chunk of a WebSocket server's frames (RFC 6455, 5.2). A client must answer
 * pings, or the server considers it dead. A chunk that does not begin with a frame is skipped: it only occurs in
 * a driver that is far behind, and pings repeat.
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
