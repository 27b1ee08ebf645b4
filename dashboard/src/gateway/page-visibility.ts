import type { Visibility } from './poll.ts';

/** Whether the tab is looked at. */
export const pageVisibility: Visibility = {
  get isVisible() {
    return document.visibilityState === 'visible';
  },
  on(listener) {
    document.addEventListener('visibilitychange', listener);
    return () => document.removeEventListener('visibilitychange', listener);
  },
};
