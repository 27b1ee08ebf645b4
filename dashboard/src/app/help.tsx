import { signal, useSignalEffect } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { screens } from '../screens/screens.ts';

const isShown = signal(false);

/** Shows the keys. */
export function openHelp(): void {
  isShown.value = true;
}

const keys: readonly (readonly [keys: string, does: string])[] = [
  ['/', 'Find a repository'],
  ['j', 'Next row'],
  ['k', 'Previous row'],
  ['Enter', 'Open the row'],
  ['p', 'Pause, or go on'],
  ['?', 'Show these keys'],
];

/** A dialog with the keys. */
export function Help() {
  const dialog = useRef<HTMLDialogElement>(null);
  useSignalEffect(() => {
    if (isShown.value) dialog.current?.showModal();
    else dialog.current?.close();
  });
  const letters = screens.flatMap(({ key, title }) => (key === null ? [] : [[`g ${key}`, title] as const]));
  return (
    <dialog
      ref={dialog}
      aria-labelledby="keys-title"
      onClose={() => {
        isShown.value = false;
      }}
    >
      <form method="dialog">
        <header class="dialog-head">
          <h2 id="keys-title">Keys</h2>
          <button type="submit" class="button quiet">
            Close
          </button>
        </header>
        <dl class="keys">
          {[...keys, ...letters].map(([pressed, does]) => (
            <div key={pressed}>
              <dt>
                {pressed.split(' ').map((each) => (
                  <kbd key={each}>{each}</kbd>
                ))}
              </dt>
              <dd>{does}</dd>
            </div>
          ))}
        </dl>
      </form>
    </dialog>
  );
}
