import { signal } from '@preact/signals';

const said = signal('');

/** Says something to screen readers, once. */
export function announce(text: string): void {
  // The same words again are read only if they differ: a space does.
  said.value = said.value === text ? `${text} ` : text;
}

/** What `announce` says. It is in the page once. */
export function Announcer() {
  return (
    <div class="off-screen" role="status" aria-live="polite">
      {said}
    </div>
  );
}
