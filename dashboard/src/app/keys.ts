/** Listens to keys, and does what `keys/sequence.ts` makes of them. */
import { useEffect } from 'preact/hooks';
import { type KeyAction, KeySequence } from '../keys/sequence.ts';
import { hrefOf } from '../lib/route.ts';
import { screens } from '../screens/screens.ts';
import { openHelp } from './help.tsx';
import { pauseOrGoOn } from './pause-key.ts';
import { goTo } from './route.ts';

/** Turns keys into actions while the component is shown. */
export function useKeys(): void {
  useEffect(() => {
    const letters = screens.flatMap(({ key, name }) => (key === null ? [] : [[key, name] as const]));
    const sequence = new KeySequence(new Map(letters));
    const press = (event: KeyboardEvent) => {
      if (event.isComposing || event.defaultPrevented) return;
      const action = sequence.press({
        key: event.key,
        hasModifier: event.ctrlKey || event.altKey || event.metaKey,
        isTyping: isTyping(event.target),
        atMs: event.timeStamp,
      });
      if (action === null) return;
      event.preventDefault();
      act(action);
    };
    addEventListener('keydown', press);
    return () => removeEventListener('keydown', press);
  }, []);
}

function act(action: KeyAction): void {
  switch (action.kind) {
    case 'find':
      return find();
    case 'go':
      return goTo(hrefOf(action.screen));
    case 'move':
      return moveFocus(action.by);
    case 'pause':
      return pauseOrGoOn();
    case 'help':
      return openHelp();
  }
}

/** To the field where a repository is found; on another screen it is focused when that comes. */
function find(): void {
  const field = document.getElementById('find');
  if (field === null) goTo(hrefOf('repositories', '', new URLSearchParams({ find: '' })));
  else field.focus();
}

/** Whether keys belong to a field, or to a dialog that is open. */
function isTyping(target: EventTarget | null): boolean {
  if (document.querySelector('dialog[open]') !== null) return true;
  return target instanceof Element && target.closest('input:not([type=radio]), textarea, select') !== null;
}

/** From one row's link to another's; from elsewhere to the first. */
function moveFocus(by: 1 | -1): void {
  const links = [...document.querySelectorAll<HTMLElement>('main [data-row-link]')];
  const row = document.activeElement?.closest('tr, li');
  const at = links.findIndex((link) => link === document.activeElement || link.closest('tr, li') === row);
  const next = links[at === -1 ? 0 : Math.max(0, Math.min(links.length - 1, at + by))];
  next?.focus();
  next?.scrollIntoView({ block: 'nearest' });
}
