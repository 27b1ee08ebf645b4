import { setTimeout as sleep } from 'node:timers/promises';

/** Calls `probe` every 20 ms until it returns true. Tests that poll for a fact use this. */
export async function until(
  what: string,
  probe: () => Promise<boolean> | boolean,
  timeoutMs = 15_000,
): Promise<void> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    try {
      if (await probe()) return;
    } catch (error) {
      if (performance.now() > end) throw error;
    }
    if (performance.now() > end) throw new Error(`wait for ${what}: not so after ${timeoutMs} ms`);
    await sleep(20);
  }
}
