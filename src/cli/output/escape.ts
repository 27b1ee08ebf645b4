/** What data may do to a terminal or to a line: nothing. Names come from registries, that is, from strangers. */

/** Control characters, what is invisible or turns the direction of text, line separators, halves of characters. */
const unsafe = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;
const unsafeOrBackslash = new RegExp(`${unsafe.source}|\\\\`, 'gu');
const short: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };

/** A text for one field of one line: control characters are written as in JSON, and a backslash is doubled. */
export function escapeText(text: string): string {
  return text.replace(unsafeOrBackslash, (character) => short[character] ?? unicodeEscape(character));
}

/** A message of a gateway or of the system, which may have several lines. They stay lines. */
export function escapeLines(text: string): string {
  return text.replace(unsafe, (character) => (character === '\n' ? '\n' : unicodeEscape(character)));
}

/** The same for what must stay one line: to a CI service, a line that begins with `::` may be a command. */
export function escapeLine(text: string): string {
  return escapeLines(text.replaceAll('\n', '\\n'));
}

/** One line of JSON. JSON itself leaves DEL and C1 as they are. */
export function jsonLine(value: unknown): string {
  return JSON.stringify(value).replace(unsafe, unicodeEscape);
}

function unicodeEscape(character: string): string {
  const units = Array.from({ length: character.length }, (_, at) => character.charCodeAt(at));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('');
}
