import type { Clock } from './clock.ts';

interface Deadline {
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** Ends the wait when it aborts. */
  readonly signal?: AbortSignal;
}

/**
 * Waits for `work` until the deadline. Late work sees its signal abort, and its result is ignored. If `signal`
 * has already aborted, the work does not begin.
 * @param onLate makes the result if the wait ends first; what it throws rejects the wait
 */
export async function within<Done, Late>(
  { clock, timeoutMs, signal }: Deadline,
  work: (signal: AbortSignal) => Promise<Done>,
  onLate: (why: 'timeout' | 'aborted') => Late,
): Promise<Done | Late> {
  if (signal?.aborted === true) return onLate('aborted');
  const late = Promise.withResolvers<'timeout' | 'aborted'>();
  const abandon = new AbortController();
  const end = (why: 'timeout' | 'aborted') => {
    abandon.abort();
    late.resolve(why);
  };
  const onAbort = () => end('aborted');
  const cancel = clock.after(timeoutMs, () => end('timeout'));
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([work(abandon.signal), late.promise.then(onLate)]);
  } finally {
    cancel();
    signal?.removeEventListener('abort', onAbort);
  }
}
