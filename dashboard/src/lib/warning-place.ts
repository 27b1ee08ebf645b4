import { hrefOf } from './route.ts';

/** The screen that tells more of what a warning is about, by how its code begins (PROTOCOL.md, section 12: `warnings`). */
const screens: ReadonlyMap<string, string> = new Map([
  ['hook', 'hooks'],
  ['registry', 'registries'],
  ['target', 'targets'],
]);

/** Where more is said of what a warning names. Null: nowhere. */
export function warningHref({ code, about }: { code: string; about: string | null }): string | null {
  const screen = screens.get(code.split('-', 1)[0] ?? '');
  return screen === undefined || about === null ? null : hrefOf(screen, about);
}
