import { useEffect, useState } from 'preact/hooks';
import { systemClock } from '../../../client/src/index.ts';
import type { Reader } from '../lib/read.ts';
import { ask } from './gateway.ts';
import { pageVisibility } from './page-visibility.ts';
import { type Answer, Poll } from './poll.ts';

export interface Asked<T> extends Answer<T> {
  /** The same function as long as the question is the same. */
  readonly reload: () => void;
}

const nothing = { value: null, at: null, error: null, retryAt: null };

/**
 * Asks the gateway while the component is shown, and draws it anew with each answer.
 *
 * @param path `/v1/status`; null: nothing is asked
 * @param query as text, so that equal queries are equal
 * @param everyMs between two answers; null: once
 */
export function useQuestion<T>(
  { path, query = '', everyMs = null }: { path: string | null; query?: string; everyMs?: number | null },
  read: Reader<T>,
): Asked<T> {
  const [asked, show] = useState<Asked<T>>({ ...nothing, reload: () => {} });
  useEffect(() => {
    show({ ...nothing, reload: () => {} });
    if (path === null) return;
    const poll = new Poll<T>({
      ask: (signal) => ask({ path, query: new URLSearchParams(query), signal }, read),
      everyMs,
      clock: systemClock,
      visibility: pageVisibility,
    });
    const reload = () => poll.reload();
    const stop = poll.answer.subscribe((answer) => show({ ...answer, reload }));
    return () => {
      stop();
      poll.close();
    };
  }, [path, query, everyMs, read]);
  return asked;
}
