/** How a secret may stand in what a tool says: encoded for JSON, HTML, URLs, forms and Basic authentication, or in part. */

/** Shorter ones are in texts by chance. */
const shortestHex = 4;
/** Base64 within other base64 loses some characters at both ends. */
const shortestInner = 8;

/** A secret as words: as it is, without a prefix that is no secret, in one line, as base64 and as hex. */
export function wordsOf(secret: string): readonly string[] {
  const bytes = Buffer.from(secret);
  const hex = secret.length < shortestHex ? [] : [bytes.toString('hex'), bytes.toString('hex').toUpperCase()];
  const base64 = base64Of(bytes).flatMap((word) => [word, word.replaceAll('+', '-').replaceAll('/', '_')]);
  const plain = [secret, secret.replace(/^whsec_/, ''), secret.replace(/\s+/g, ' ').trim()];
  return [...new Set([...plain, ...base64, ...hex])].filter((word) => word !== '');
}

/** Alone, and after and before other bytes, as in `user:password`: there the base64 depends on where it begins. */
function base64Of(bytes: Buffer): readonly string[] {
  // With its padding too, which would tell something of the length.
  const padded = bytes.toString('base64');
  const whole = padded.replace(/=+$/, '');
  const inner = [0, 1, 2].flatMap((before) => {
    const shifted = Buffer.concat([Buffer.alloc(before), bytes]);
    // Characters whose bits are all of the secret's: each has six.
    const from = Math.ceil((before * 8) / 6);
    const to = Math.floor((shifted.length * 8) / 6);
    const tail = shifted.toString('base64').replace(/=+$/, '').slice(from);
    return [tail, tail.slice(0, to - from)];
  });
  return [padded, whole, ...inner.filter(({ length }) => length >= shortestInner)];
}

/** The longest part of a word that nothing encodes: it stands in each spelling of the word. Empty: there is none. */
export function coreOf(word: string): string {
  const runs = word.match(/[A-Za-z0-9]+/g) ?? [];
  return runs.reduce((longest, run) => (run.length > longest.length ? run : longest), '');
}

/**
 * A regular expression that finds a word, whichever of its characters are encoded, and how. Its quantifiers are bounded:
 * no text makes it slow.
 */
export function patternOf(word: string): string {
  const pieces = word.match(/\\+|[A-Za-z0-9]+|./gsu) ?? [];
  return pieces.map((piece, at) => pieceOf(piece, pieces[at - 1]?.startsWith('\\') === true)).join('');
}

/** @param isEscaped backslashes precede it, and stand for themselves */
function pieceOf(piece: string, isEscaped: boolean): string {
  if (/^[A-Za-z0-9]/.test(piece)) return piece;
  if (piece.startsWith('\\')) {
    const { length } = piece;
    return `(?:\\\\{${length},${4 * length}}|(?:%(?:25){0,3}5[cC]){${length}})`;
  }
  const code = piece.codePointAt(0) ?? 0;
  const bytes = [...Buffer.from(piece)].map(
    (byte) => `%(?:25){0,3}${anyCase(byte.toString(16).padStart(2, '0'))}`,
  );
  const units = [...piece.split('')].map(
    (unit) => `\\\\{1,3}u${anyCase(unit.charCodeAt(0).toString(16).padStart(4, '0'))}`,
  );
  const literal = `${isEscaped ? '' : '\\\\{0,3}'}${piece.replace(/[\^$.*+?()[\]{}|/-]/, '\\$&')}`;
  return `(?:${[
    ...[bytes.join(''), units.join(''), `&#0{0,4}${code};`, `&#[xX]0{0,4}${anyCase(code.toString(16))};`],
    ...(named[piece] ?? []),
    literal,
  ].join('|')})`;
}

const named: Readonly<Record<string, readonly string[]>> = {
  '&': ['&amp;'],
  '<': ['&lt;'],
  '>': ['&gt;'],
  '"': ['&quot;'],
  "'": ['&apos;'],
  ' ': ['\\+'],
  '\n': ['\\\\{1,3}n'],
  '\r': ['\\\\{1,3}r'],
  '\t': ['\\\\{1,3}t'],
};

/** Hex digits, which encoders write in either case. */
function anyCase(hex: string): string {
  return hex.replace(/[a-f]/g, (digit) => `[${digit}${digit.toUpperCase()}]`);
}
