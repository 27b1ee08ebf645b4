/**
 * Names heads, so that their openings can be remembered. Thousands of clients that reconnect together send the same
 * head; reading, authorising and checking it is a seventh of the cost of opening a stream. The name leaves out the
 * WebSocket's key, which differs. It is a hash, because a token in the head must not stay in memory.
 */
import { hash } from 'node:crypto';

/** Longer heads are read each time. */
const maxRememberedLength = 2_048;

const keyName = '\r\nSec-WebSocket-Key: ';
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
export function nameHead(text: string): HeadName | null {
  if (text.length > maxRememberedLength) return null;
  const at = text.indexOf(keyName);
  const from = at + keyName.length;
  const to = from + keyLength;
  if (at < 0 || !keyGrammar.test(text.slice(from, to + 2))) return { digest: digestOf(text), key: '' };
  return { digest: digestOf(text.slice(0, from) + text.slice(to)), key: text.slice(from, to) };
}

function digestOf(text: string): string {
  return hash('sha256', text, 'base64');
}
