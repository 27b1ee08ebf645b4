import { setTimeout as sleep } from 'node:timers/promises';
import { patienceMs } from './inbox.ts';

/**
 * Calls `probe` every 20 ms until it returns true. Tests that poll for a fact use this.
 *
 * @param what the fact; a function is asked when the wait has failed, and can say how far it got
 */
export async function until(
  what: string | (() => string),
  probe: () => Promise<boolean> | boolean,
  timeoutMs = patienceMs,
): Promise<void> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    let cause: unknown;
    try {
      if (await probe()) return;
    } catch (error) {
      cause = error;
    }
    if (performance.now() > end) {
      const fact = typeof what === 'string' ? what : what();
      const why = cause === undefined ? '' : `: ${cause}`;
      throw new Error(`wait for ${fact}: not so after ${timeoutMs} ms${why}`, { cause });
    }
    await sleep(20);
  }
}

/** Rejects if `fact` has not come in time, and says what it was. Default: `patienceMs`. */
export async function inTime<T>(what: string, fact: Promise<T>, timeoutMs = patienceMs): Promise<T> {
  const over = new AbortController();
  const late = sleep(timeoutMs, undefined, { signal: over.signal }).then(() => {
    throw new Error(`wait for ${what}: not so after ${timeoutMs} ms`);
  });
  try {
    return await Promise.race([fact, late]);
  } finally {
    late.catch(() => {});
    over.abort();
  }
}
