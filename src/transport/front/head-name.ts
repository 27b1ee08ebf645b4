/**
 * Names heads, so that what they mean can be remembered. Thousands of clients that reconnect together send the same
 * head, and to read, authorise and check it is a seventh of what opening a stream costs. Only a WebSocket's key
 * differs, and is left out. The name is a hash: a token in the head must not stay in memory.
 */
import { hash } from 'node:crypto';

/** Longer heads are read each time. */
const maxRememberedLength = 2_048;

const keyName = '\r\nSec-WebSocket-Key: ';
/** 16 bytes in base64 (RFC 6455, 4.1), and the line's end. */
const keyGrammar = /^[+/0-9A-Za-z]{22}==\r\n$/;
const keyLength = 24;

export interface HeadName {
  /** Equal for heads that differ in nothing but the WebSocket's key. */
  readonly digest: string;
  /** That key; '' where there is none of the usual form, and then none was left out. */
  readonly key: string;
}

/**
 * @param text the whole head, with the empty line
 * @returns null where it is too long to be remembered
 */
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
