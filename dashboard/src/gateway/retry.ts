import { FeedError } from '../../../client/src/index.ts';

/** The first wait after a failure, and the longest, ms. */
const firstMs = 3_000;
const longestMs = 30_000;

/** How long to wait after a failure, ms: what the gateway asks for, else 3 s, 6 s … 30 s. @param failures before it */
export function retryMsOf(error: unknown, failures: number): number {
  const asked = error instanceof FeedError ? error.retryMs : null;
  return asked ?? Math.min(longestMs, firstMs * 2 ** Math.min(failures, 10));
}
