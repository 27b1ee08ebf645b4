import { signal } from '@preact/signals';

/** `system`: as the browser says. */
export type Theme = 'system' | 'light' | 'dark';

export const themes: readonly Theme[] = ['system', 'light', 'dark'];

const storedAs = 'manifeed.theme';

export const theme = signal<Theme>(stored());

show(theme.value);

/** Shows a theme, and keeps it for the next visit. */
export function setTheme(next: Theme): void {
  theme.value = next;
  show(next);
  try {
    localStorage.setItem(storedAs, next);
  } catch {
    // Without storage it lasts until the page is left.
  }
}

function show(next: Theme): void {
  document.documentElement.dataset.theme = next;
}

function stored(): Theme {
  try {
    const name = localStorage.getItem(storedAs);
    return themes.find((each) => each === name) ?? 'system';
  } catch {
    return 'system';
  }
}
