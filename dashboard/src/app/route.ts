import { signal } from '@preact/signals';
import { parseRoute, type Route } from '../lib/route.ts';

/** Where the page is. Screens read it; links and `goTo` change it. */
export const route = signal<Route>(parseRoute(location.hash));

addEventListener('hashchange', () => {
  route.value = parseRoute(location.hash);
});

/** Goes to an address of `hrefOf`. @param replaces without a step in the history, as for a filter that is typed */
export function goTo(href: string, replaces = false): void {
  if (!replaces) {
    location.hash = href;
    return;
  }
  history.replaceState(null, '', href);
  route.value = parseRoute(href);
}
