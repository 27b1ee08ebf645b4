import { currentUser } from './virtual-user.ts';

const nodeSetTimeout = globalThis.setTimeout;

export function setTimeout(run: () => void, delayMs: number): void {
  const user = currentUser();
  const release = user.hold();
  const timer = nodeSetTimeout(() => {
    run();
    release();
  }, delayMs);
  user.stop.addEventListener('abort', () => {
    clearTimeout(timer);
    release();
  });
}
