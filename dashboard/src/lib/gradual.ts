/** Hundreds of rows are drawn in steps, so that no step keeps the page from answering. Pure. */

/** Rest between two steps, ms: the browser paints meanwhile, and the next step need not wait for it. */
export const restMs = 24;

/** Most rows that one step adds. A step takes some milliseconds, also where the script runs for the first time. */
export const rowsOfStep = 4;

/**
 * The rows that are drawn now: those that are in the page already, and the first few of the others. So what is there
 * stays, and what is new comes from the top.
 *
 * @param drawn keys of the rows that are in the page
 */
export function rowsToDraw<T>(
  rows: readonly T[],
  keyOf: (row: T) => string,
  drawn: ReadonlySet<string>,
): readonly T[] {
  let fresh = 0;
  const now = rows.filter((row) => drawn.has(keyOf(row)) || ++fresh <= rowsOfStep);
  return now.length === rows.length ? rows : now;
}
