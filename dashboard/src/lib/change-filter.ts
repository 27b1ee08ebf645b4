/** A filter of changes: what stands in an address of the page is what the gateway takes (PROTOCOL.md, section 3). */

export interface ChangeFilter {
  readonly repository: readonly string[];
  readonly tag: readonly string[];
  readonly type: readonly string[];
}

const names = ['repository', 'tag', 'type'] as const;

/** Reads a filter from a query; empty values count as absent. */
export function filterOf(query: URLSearchParams): ChangeFilter {
  const values = (name: string) => query.getAll(name).filter((value) => value !== '');
  return { repository: values('repository'), tag: values('tag'), type: values('type') };
}

/** The query of a filter. A list is a name that repeats. */
export function queryOf(filter: ChangeFilter): URLSearchParams {
  return new URLSearchParams(names.flatMap((name) => filter[name].map((value) => [name, value])));
}

/** Whether it lets everything through. */
export function isEmptyFilter(filter: ChangeFilter): boolean {
  return names.every((name) => filter[name].length === 0);
}

/** As people type a list: with commas. Neither a glob nor a range has one. */
export function listOf(text: string): readonly string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}
