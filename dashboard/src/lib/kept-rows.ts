/**
 * The rows of a new answer, in which each that says the same as before is the same object: a table then draws only what
 * has changed.
 */
export function keptRows<T>(
  before: readonly T[],
  now: readonly T[],
  keyOf: (row: T) => string,
): readonly T[] {
  const known = new Map(before.map((row) => [keyOf(row), row]));
  return now.map((row) => {
    const old = known.get(keyOf(row));
    return old !== undefined && JSON.stringify(old) === JSON.stringify(row) ? old : row;
  });
}
