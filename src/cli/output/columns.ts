/** Columns for people. */

/** Characters of the longest text; 0 without any. A spread into `Math.max` would fail beyond some 100,000 texts. */
export function widthOf(texts: readonly string[]): number {
  return texts.reduce((width, { length }) => Math.max(width, length), 0);
}
