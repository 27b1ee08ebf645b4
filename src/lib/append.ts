/**
 * Appends `more` to `all`. `all.push(...more)` makes each element an argument, and a call takes only as many as its
 * stack has room for: some 120,000.
 */
export function append<T>(all: T[], more: readonly T[]): void {
  for (const each of more) all.push(each);
}
