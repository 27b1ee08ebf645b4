/** Hundreds of rows are drawn in steps, so that no step keeps the page from answering. Pure. */

/** Rows that are drawn in one step. */
export const rowsOfStep = 16;

/**
 * How many of the rows are drawn now, from the first: so many that few of them are new. A few more than one step are
 * drawn at once, so that the rows below them stay.
 *
 * @param drawn keys of the rows that are in the page
 */
export function rowsToDraw(keys: readonly string[], drawn: ReadonlySet<string>): number {
  const isNew = (key: string) => !drawn.has(key);
  if (keys.filter(isNew).length <= 2 * rowsOfStep) return keys.length;
  let fresh = 0;
  const end = keys.findIndex((key) => isNew(key) && ++fresh > rowsOfStep);
  return end === -1 ? keys.length : end;
}
