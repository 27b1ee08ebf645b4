import { ask, FeedError, type Token } from '../../../../client/src/index.ts';
import { within } from '../../../lib/deadline.ts';
import type { Means } from '../means.ts';

/** Time for a small answer, ms. */
export const answerMs = 10_000;

/** What is asked besides the path. */
interface Asked {
  readonly query?: URLSearchParams;
  /** Sent as JSON, by POST. */
  readonly body?: unknown;
  /** Null: none. */
  readonly token: Token | null | undefined;
}

/** Asks for JSON, and waits less than the client would. @throws FeedError */
export function question(
  { connection, clock, fetch }: Pick<Means, 'connection' | 'clock' | 'fetch'>,
  path: string,
  { query, body, token }: Asked,
): Promise<unknown> {
  return within(
    { clock, timeoutMs: answerMs },
    (signal) =>
      ask(connection.url, { path, query, body, signal }, { token: token ?? undefined, clock, fetch }),
    () => {
      throw new FeedError('TIMEOUT', `get ${path}: no answer within ${answerMs / 1_000} s`);
    },
  );
}

/** What a question brought, or the error of the client that stands for it. */
export async function answerOrError<T>(answer: Promise<T>): Promise<T | FeedError> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof FeedError) return error;
    throw error;
  }
}
