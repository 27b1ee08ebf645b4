/**
 * Names heads, so that their openings can be remembered: thousands of clients that reconnect together send the same
 * one. It is a hash, because a token in the head must not stay in memory; and a hash of the bytes, because to make a
 * string of each head would cost more than to hash it.
 */
import { hash } from 'node:crypto';

/** Longer heads are read each time. */
const maxRememberedLength = 2_048;

const keyName = Buffer.from('\r\nSec-WebSocket-Key: ');
/** 16 bytes in base64 (RFC 6455, 4.1), and the line's end. */
const keyGrammar = /^[+/0-9A-Za-z]{22}==\r\n$/;
const keyLength = 24;

export interface HeadName {
  /** Equal for heads that differ only in the WebSocket's key. */
  readonly digest: string;
  /** That key; '': there is none of the usual form, and the digest covers the whole head. */
  readonly key: string;
}

/** Names a head, given with its empty line; null: it is too long to be remembered. */
export function nameHead(head: Buffer): HeadName | null {
  if (head.length > maxRememberedLength) return null;
  const at = head.indexOf(keyName);
  const from = at + keyName.length;
  const to = from + keyLength;
  const line = at < 0 ? '' : head.toString('latin1', from, to + 2);
  if (!keyGrammar.test(line)) return { digest: digestOf(head), key: '' };
  // Blanked while it is hashed: a copy without it would cost as much as the hash.
  head.fill(0, from, to);
  const digest = digestOf(head);
  head.write(line, from, 'latin1');
  return { digest, key: line.slice(0, keyLength) };
}

function digestOf(head: Buffer): string {
  return hash('sha256', head, 'binary');
}
