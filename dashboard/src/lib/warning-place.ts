import { hrefOf } from './route.ts';

/** Where the dashboard tells more of a warning, or does what it asks for. */
export interface WarningPlace {
  readonly href: string;
  /** What one finds there. */
  readonly words: string;
}

/** By how the code of a warning begins (PROTOCOL.md, section 12: `warnings`): a screen, and what it offers. */
const places: ReadonlyMap<string, { readonly screen: string; readonly words: string }> = new Map([
  ['hook', { screen: 'hooks', words: 'See what came to it' }],
  ['registry', { screen: 'registries', words: 'See how it does' }],
  ['target', { screen: 'targets', words: 'Test, resume or skip it' }],
  ['subscribers', { screen: 'subscribers', words: 'See who is connected' }],
  ['pace', { screen: 'pace', words: 'See them, or end them' }],
]);

/** The screen for a warning. Null: none has more of it, as of the ledger, the clock and the process. */
export function warningPlace({ code, about }: { code: string; about: string | null }): WarningPlace | null {
  const place = places.get(code.split('-', 1)[0] ?? '');
  return place === undefined ? null : { href: hrefOf(place.screen, about ?? ''), words: place.words };
}
