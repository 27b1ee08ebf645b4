import type { TagName } from './queries.ts';

/** Byte order of registry, repository and tag, in every implementation. All three are ASCII. */
export function compareTags(a: TagName, b: TagName): number {
  return (
    compareText(a.registry, b.registry) ||
    compareText(a.repository, b.repository) ||
    compareText(a.tag, b.tag)
  );
}

/** The order of JavaScript's strings: for ASCII that of the bytes. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
