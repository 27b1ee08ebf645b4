/**
 * Remembers what heads meant. Thousands who come back together ask for the same in the same words, and to read,
 * authorise and check those is a seventh of what opening a stream costs. Only a WebSocket's key differs from
 * one to the next, and is left out. What is kept is a head's hash: a token in it must not stay in memory.
 */
import { hash } from 'node:crypto';

/** Heads remembered; longer ones are read each time. */
const maxRemembered = 1_000;
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

/** The latest meanings of heads, by digest. */
export class HeadMemory<Meaning> {
  readonly #known = new Map<string, Meaning>();

  recall(digest: string): Meaning | undefined {
    return this.#known.get(digest);
  }

  remember(digest: string, meaning: Meaning): void {
    const oldest = this.#known.size >= maxRemembered ? this.#known.keys().next().value : undefined;
    if (oldest !== undefined) this.#known.delete(oldest);
    this.#known.set(digest, meaning);
  }
}
