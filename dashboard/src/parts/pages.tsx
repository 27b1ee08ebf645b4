import { hrefOf, type Route } from '../lib/route.ts';
import { Icon } from './icon.tsx';

export interface PagesProps {
  readonly route: Route;
  /** The query's name for where a page begins: `cursor`, `before`. */
  readonly parameter: string;
  /** Where the next page begins; null: this is the last. */
  readonly next: string | null;
  readonly words: { readonly first: string; readonly next: string };
}

/** Leads through the pages of a list. The browser's own button leads back. */
export function Pages({ route, parameter, next, words }: PagesProps) {
  const isFirst = !route.query.has(parameter);
  if (isFirst && next === null) return null;
  return (
    <nav class="pages" aria-label="Pages">
      {!isFirst && (
        <a class="button" href={withQuery(route, parameter, null)}>
          <Icon name="newer" />
          {words.first}
        </a>
      )}
      {next !== null && (
        <a class="button" href={withQuery(route, parameter, next)}>
          <Icon name="older" />
          {words.next}
        </a>
      )}
    </nav>
  );
}

/** The same screen with one value of its query set, or without it. */
export function withQuery(route: Route, name: string, value: string | null): string {
  const query = new URLSearchParams(route.query);
  if (value === null) query.delete(name);
  else query.set(name, value);
  return hrefOf(route.screen, route.rest, query);
}
