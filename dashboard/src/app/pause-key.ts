import { useEffect } from 'preact/hooks';

/** What `p` does on this screen; null: nothing. */
let pause: (() => void) | null = null;

/** Lets `p` do this while the component is shown. */
export function usePauseKey(run: () => void): void {
  useEffect(() => {
    pause = run;
    return () => {
      if (pause === run) pause = null;
    };
  }, [run]);
}

/** Does what `p` does on this screen. */
export function pauseOrGoOn(): void {
  pause?.();
}
