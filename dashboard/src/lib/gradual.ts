/** Hundreds of rows are drawn in steps, so that no step keeps the page from answering. Pure. */

/** Rows that are drawn in one step. */
export const rowsOfStep = 16;
/** New rows that are drawn at once above rows that stay: in steps those would leave and come back. */
export const rowsOnTop = 50;

/**
 * How many of the rows are drawn now, from the first: so many that few of them are new.
 *
 * @param drawn keys of the rows that are in the page
 */
export function rowsToDraw(keys: readonly string[], drawn: ReadonlySet<string>): number {
  const isNew = (key: string) => !drawn.has(key);
  const stays = keys.length > 0 && !isNew(keys.at(-1) ?? '');
  const atOnce = stays ? rowsOnTop : 2 * rowsOfStep;
  if (keys.filter(isNew).length <= atOnce) return keys.length;
  let fresh = 0;
  const end = keys.findIndex((key) => isNew(key) && ++fresh > rowsOfStep);
  return end === -1 ? keys.length : end;
}
