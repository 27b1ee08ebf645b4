import type { Access } from '../gateway/access.ts';
import type { Route } from '../lib/route.ts';
import type { Screen } from '../screens/screen.ts';

/** The screen of an address. Without a name: the first that the token is for. Undefined: there is none of that name. */
export function screenOf(screens: readonly Screen[], { screen }: Route, access: Access): Screen | undefined {
  if (screen !== '') return screens.find(({ name }) => name === screen);
  return screens.find(({ group }) => group !== null && (group === 'users' || access.admin));
}
