/** Time as a port, so that tests can control it. Wall time dates events; monotonic time measures waits. */
export interface Clock {
  /** Wall-clock time, ms since the epoch. */
  now(): number;
  /** Monotonic ms from an arbitrary origin; never goes back. */
  monotonic(): number;
  /** Calls `run` once after `delayMs` (≥ 0). Returns an idempotent cancel. */
  after(delayMs: number, run: () => void): () => void;
  /** Resolves after `delayMs`, or at once when `signal` aborts. It never rejects: check the signal. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
}

// setTimeout treats anything above 2^31-1 as 1 ms.
const maxDelayMs = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, Math.min(Math.max(delayMs, 0), maxDelayMs));
    return () => clearTimeout(timer);
  },
  sleep(delayMs, signal) {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const done = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, Math.min(Math.max(delayMs, 0), maxDelayMs));
      signal?.addEventListener('abort', done, { once: true });
    });
  },
};
