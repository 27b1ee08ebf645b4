/**
 * The shell with its screens comes in a file of its own. So the browser runs two short scripts, with a rest between
 * them, and the page has its name before the second is there.
 */
import { type ReadonlySignal, signal } from '@preact/signals';
import type { Shell } from './shell.tsx';

const loaded = signal<typeof Shell | Error | null>(null);

/** Null: it is on its way. An error: it did not come, and browsers do not ask for it again until a reload. */
export const shellFile: ReadonlySignal<typeof Shell | Error | null> = loaded;

/** Asks for the file. */
export async function loadShell(): Promise<void> {
  try {
    loaded.value = (await import('./shell.tsx')).Shell;
  } catch (cause) {
    loaded.value = new Error('a file of the page did not come', { cause });
  }
}
