import { signal } from '@preact/signals';
import { pageVisibility } from './page-visibility.ts';

/** Between two looks at the clock, ms. */
const everyMs = 1_000;

/** The time, ms since the epoch, for words like `3 s ago`. It stands still while nobody looks. */
export const now = signal(Date.now());

let timer: ReturnType<typeof setInterval> | null = null;

function look(): void {
  now.value = Date.now();
}

function watch(): void {
  if (timer !== null) clearInterval(timer);
  timer = pageVisibility.isVisible ? setInterval(look, everyMs) : null;
  look();
}

pageVisibility.on(watch);
watch();
