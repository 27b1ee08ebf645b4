/** What strangers say, so that all of it shows: as the commands of the gateway write it. Pure. */

/** Control characters, what is invisible or turns the direction of text, line separators, halves of characters. */
const unseen = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;
const short: ReadonlyMap<string, string> = new Map([
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
]);

/** A text of one line: what does not show is written as in JSON, `\u001b`. */
export function escapedLine(text: string): string {
  return text.replace(unseen, (character) => short.get(character) ?? unicodeEscape(character));
}

/** A text whose lines and tabs stay. */
export function escapedLines(text: string): string {
  return text.replace(unseen, (character) => (/[\n\t]/.test(character) ? character : escapedLine(character)));
}

function unicodeEscape(character: string): string {
  const units = Array.from({ length: character.length }, (_, at) => character.charCodeAt(at));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('');
}
