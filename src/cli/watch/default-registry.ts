import { ask, FeedError } from '../../../client/src/index.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Connection } from '../connection.ts';

const firstMs = 1_000;
const longestMs = 60_000;

export interface Questioner {
  readonly connection: Connection;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly signal: AbortSignal;
  /** It asks again after `delayMs`. */
  readonly onWait: (error: FeedError, delayMs: number) => void;
}

/**
 * The registry in which the gateway looks for names without a host. It asks until there is an answer.
 *
 * @returns null: the signal aborted
 * @throws FeedError, if no later attempt can succeed
 */
export async function askDefaultRegistry(parts: Questioner): Promise<string | null> {
  const { connection, clock, random, signal, onWait } = parts;
  for (let failures = 0; !signal.aborted; failures++) {
    try {
      const { url, token } = connection;
      return registryOf(await ask(url, { path: '/v1/access', signal }, { token }));
    } catch (error) {
      if (signal.aborted) return null;
      if (!(error instanceof FeedError) || !error.retryable) throw error;
      const delayMs = error.retryMs ?? random() * Math.min(longestMs, firstMs * 2 ** failures);
      onWait(error, delayMs);
      await clock.sleep(delayMs, signal);
    }
  }
  return null;
}

function registryOf(answer: unknown): string {
  if (typeof answer === 'object' && answer !== null && 'defaultRegistry' in answer) {
    const { defaultRegistry } = answer;
    if (typeof defaultRegistry === 'string') return defaultRegistry;
  }
  const rule = 'must be a string: is the gateway of the same version?';
  throw new FeedError('PROTOCOL', `read /v1/access: defaultRegistry: ${rule}`, { retryable: false });
}
