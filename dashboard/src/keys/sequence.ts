/** Keys without modifiers, and what they do. Pure: it knows no document. */

export type KeyAction =
  /** Go where a repository can be found. */
  | { readonly kind: 'find' }
  | { readonly kind: 'go'; readonly screen: string }
  /** To the next or previous row of the list. */
  | { readonly kind: 'move'; readonly by: 1 | -1 }
  | { readonly kind: 'pause' }
  | { readonly kind: 'help' };

/** A key that was pressed. */
export interface Press {
  /** As KeyboardEvent.key has it. */
  readonly key: string;
  /** Ctrl, Alt or Meta is held: then it is the browser's or the system's. */
  readonly hasModifier: boolean;
  /** A field has the focus, or a dialog is open. */
  readonly isTyping: boolean;
  /** ms from any origin. */
  readonly atMs: number;
}

/** A letter after `g` counts this long, ms. */
const patienceMs = 1_500;

const actions: Readonly<Record<string, KeyAction>> = {
  '/': { kind: 'find' },
  j: { kind: 'move', by: 1 },
  k: { kind: 'move', by: -1 },
  p: { kind: 'pause' },
  '?': { kind: 'help' },
};

/** Remembers a `g`, and tells what each key does. */
export class KeySequence {
  readonly #screens: ReadonlyMap<string, string>;
  #goAt: number | null = null;

  /** @param screens letter → name of the screen */
  constructor(screens: ReadonlyMap<string, string>) {
    this.#screens = screens;
  }

  /** Null: the key means nothing here. */
  press({ key, hasModifier, isTyping, atMs }: Press): KeyAction | null {
    const isSecond = this.#goAt !== null && atMs - this.#goAt <= patienceMs;
    if (key === 'Shift') return null;
    this.#goAt = null;
    if (hasModifier || isTyping) return null;
    if (isSecond) {
      const screen = this.#screens.get(key);
      return screen === undefined ? null : { kind: 'go', screen };
    }
    if (key === 'g') this.#goAt = atMs;
    return actions[key] ?? null;
  }
}
