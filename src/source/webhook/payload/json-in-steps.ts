/** `JSON.parse` in pieces: four megabytes of small objects would block the process for a fifth of a second. */
import { ManifeedError } from '../../../errors.ts';
import type { Steps } from '../kind.ts';

/** Longest container that `JSON.parse` gets at once, in characters. */
const maxPieceLength = 4_096;
/** Most members of an object. No delivery has that many, and listing them could not be interrupted. */
export const maxMembers = 10_000;
/** Most containers within one another. Registries send some ten, and a stranger's 500,000 would take a turn to free. */
export const maxDepth = 128;
const scanLength = 32_768;

const code = { quote: 0x22, comma: 0x2c, colon: 0x3a, backslash: 0x5c, array: 0x5b, object: 0x7b };
const isOpening = (char: number) => char === code.array || char === code.object;
/** `]` and `}` each come two code points after their opening. */
const isClosing = (char: number) => char === code.array + 2 || char === code.object + 2;

/**
 * The same value as `JSON.parse(text)`.
 *
 * @throws SyntaxError if the text is no JSON; BODY_TOO_LARGE for an object with more than `maxMembers` members,
 *   a number longer than a piece, or more than `maxDepth` containers within one another
 */
export function* parseInSteps(text: string): Steps<unknown> {
  const large = yield* findLarge(text);
  return yield* new PieceParser(text, large).parse();
}

/** Where containers longer than a piece begin. Refuses an unclosed one: it would be a piece of any length. */
function* findLarge(text: string): Steps<ReadonlySet<number>> {
  const large = new Set<number>();
  const open: number[] = [];
  let pauseAt = scanLength;
  for (let at = 0; at < text.length; at += 1) {
    const char = text.charCodeAt(at);
    if (char === code.quote) at = endOfString(text, at) - 1;
    else if (isOpening(char)) {
      open.push(at);
      if (open.length > maxDepth) throw tooDeep();
    } else if (isClosing(char)) {
      const start = open.pop();
      if (start === undefined) throw new SyntaxError('a bracket too many');
      if (at - start >= maxPieceLength) large.add(start);
    }
    if (at < pauseAt) continue;
    pauseAt = at + scanLength;
    yield;
  }
  if (open.length > 0) throw new SyntaxError('a bracket that is not closed');
  return large;
}

function tooDeep(): Error {
  const what = `more than ${maxDepth} values within one another: must have at most ${maxDepth}`;
  return new ManifeedError('BODY_TOO_LARGE', `read webhook body: ${what}`);
}

type Frame =
  | { readonly kind: 'array'; readonly value: unknown[] }
  | { readonly kind: 'object'; readonly value: Record<string, unknown>; key: string; members: number };

class PieceParser {
  readonly #text: string;
  readonly #large: ReadonlySet<number>;
  readonly #frames: Frame[] = [];
  #at = 0;

  constructor(text: string, large: ReadonlySet<number>) {
    this.#text = text;
    this.#large = large;
  }

  *parse(): Steps<unknown> {
    for (;;) {
      yield;
      this.#skipSpace();
      if (this.#large.has(this.#at)) {
        if (this.#open()) continue;
      } else this.#piece();
      // Put the value into the innermost container. If that ends the container, put it into the next outer one.
      while (this.#close());
      const done = this.#result;
      if (done !== null) return done.value;
    }
  }

  #value: unknown;
  #result: { readonly value: unknown } | null = null;

  /** Enters a container. False: it is empty, and already complete. */
  #open(): boolean {
    const isArray = this.#text.charCodeAt(this.#at) === code.array;
    this.#at += 1;
    this.#skipSpace();
    if (isClosing(this.#text.charCodeAt(this.#at))) {
      this.#expect(isArray ? ']' : '}');
      this.#value = isArray ? [] : {};
      return false;
    }
    this.#frames.push(
      isArray ? { kind: 'array', value: [] } : { kind: 'object', value: {}, key: this.#key(), members: 1 },
    );
    return true;
  }

  #piece(): void {
    const end = endOfPiece(this.#text, this.#at);
    if (end - this.#at > maxPieceLength && isBare(this.#text.charCodeAt(this.#at))) throw this.#tooLong();
    this.#value = JSON.parse(this.#text.slice(this.#at, end));
    this.#at = end;
  }

  /** Only a number can be this long: a word of JSON cannot. */
  #tooLong(): Error {
    if (!/[-0-9]/.test(this.#text.charAt(this.#at))) return new SyntaxError('an unknown word');
    const what = `a number of more than ${maxPieceLength} characters: must have at most ${maxPieceLength}`;
    return new ManifeedError('BODY_TOO_LARGE', `read webhook body: ${what}`);
  }

  /** Puts the value into its container. True: the container is complete, and is the value now. */
  #close(): boolean {
    const frame = this.#frames.at(-1);
    this.#skipSpace();
    if (frame === undefined) {
      if (this.#at < this.#text.length) throw new SyntaxError('text after the end');
      this.#result = { value: this.#value };
      return false;
    }
    if (frame.kind === 'array') frame.value.push(this.#value);
    else put(frame.value, frame.key, this.#value);
    if (this.#text.charCodeAt(this.#at) === code.comma) {
      this.#at += 1;
      if (frame.kind === 'object') this.#nextKey(frame);
      return false;
    }
    this.#expect(frame.kind === 'array' ? ']' : '}');
    this.#frames.pop();
    this.#value = frame.value;
    return true;
  }

  #nextKey(frame: Frame & { kind: 'object' }): void {
    frame.members += 1;
    if (frame.members > maxMembers) {
      const what = `an object with more than ${maxMembers} members: must have at most ${maxMembers}`;
      throw new ManifeedError('BODY_TOO_LARGE', `read webhook body: ${what}`);
    }
    this.#skipSpace();
    frame.key = this.#key();
  }

  #key(): string {
    const end = this.#text.charCodeAt(this.#at) === code.quote ? endOfString(this.#text, this.#at) : this.#at;
    const key: unknown = JSON.parse(this.#text.slice(this.#at, end));
    if (typeof key !== 'string') throw new SyntaxError('a name must be a string');
    this.#at = end;
    this.#skipSpace();
    this.#expect(':');
    return key;
  }

  #expect(char: string): void {
    if (this.#text[this.#at] !== char) throw new SyntaxError(`expected ${char}`);
    this.#at += 1;
  }

  #skipSpace(): void {
    while (isSpace(this.#text.charCodeAt(this.#at))) this.#at += 1;
  }
}

/** Like `JSON.parse`: `__proto__` is an ordinary name. */
function put(object: Record<string, unknown>, key: string, value: unknown): void {
  if (key !== '__proto__') object[key] = value;
  else Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
}

/** The index after the closing quote; the end of the text if there is none. */
function endOfString(text: string, start: number): number {
  for (let quote = text.indexOf('"', start + 1); quote !== -1; quote = text.indexOf('"', quote + 1)) {
    let slashes = 0;
    while (text.charCodeAt(quote - 1 - slashes) === code.backslash) slashes += 1;
    if (slashes % 2 === 0) return quote + 1;
  }
  return text.length;
}

/** The index after a scalar or a small container. A number or word is followed to one character beyond a piece. */
function endOfPiece(text: string, start: number): number {
  const isShort = isBare(text.charCodeAt(start));
  const limit = isShort ? Math.min(text.length, start + maxPieceLength + 1) : text.length;
  let depth = 0;
  for (let at = start; at < limit; at += 1) {
    const char = text.charCodeAt(at);
    if (char === code.quote) at = endOfString(text, at) - 1;
    else if (isOpening(char)) depth += 1;
    else if (isClosing(char)) depth -= 1;
    else if (depth === 0 && (char === code.comma || isSpace(char))) return at;
    if (depth < 0) return at;
    if (depth === 0 && (isClosing(char) || char === code.quote)) return at + 1;
  }
  return limit;
}

/** Neither a string, which is read fast at any length, nor a container, which is short here. */
function isBare(char: number): boolean {
  return char !== code.quote && !isOpening(char);
}

function isSpace(char: number): boolean {
  return char === 0x20 || char === 0x0a || char === 0x0d || char === 0x09;
}
