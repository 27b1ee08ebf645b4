/** Writes XML and HTML. Texts may come from registries, so whatever stands between tags passes through here. */
import type { ItemFact } from './item-text.ts';

/** What XML 1.0 (2.2, "Char") forbids, even as a reference; lone surrogates among it. */
const forbidden = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu;

/** Fast first tests: almost every text passes one of them, and a feed may have twenty thousand. */
const ascii = /^[\t\n\r -~]*$/;
const plain = /^[ !#-%(-;=?-~]*$/;

/** The text with U+FFFD in place of what cannot be written in XML. JSON gets the same text. */
export function cleaned(text: string): string {
  return ascii.test(text) ? text : text.replace(forbidden, '\uFFFD');
}

const references: Readonly<Record<string, string>> = {
  ...{ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' },
  // Parsers turn plain ones into spaces in attributes, and a carriage return into a line feed everywhere.
  ...{ '\t': '&#9;', '\n': '&#10;', '\r': '&#13;' },
};

/** For text and for attributes in quotes, in XML and in HTML. */
export function escaped(text: string): string {
  if (plain.test(text)) return text;
  return cleaned(text).replace(/[&<>"'\t\n\r]/g, (character) => references[character] ?? '');
}

/** `<name>text</name>`, on a line of its own. @param attributes as they are written, with a space before each */
export function element(name: string, text: string, attributes = ''): string {
  return `<${name}${attributes}>${escaped(text)}</${name}>\n`;
}

/** Facts as HTML: one paragraph, one line each. */
export function factsToHtml(facts: readonly ItemFact[]): string {
  return `<p>${facts.map(([name, value]) => `${escaped(name)}: ${escaped(value)}`).join('<br>')}</p>`;
}
