import { useEffect, useRef, useState } from 'preact/hooks';
import { type AskPage, Finder, type Found } from '../../gateway/finder.ts';
import { ask } from '../../gateway/gateway.ts';
import { type RepositoryRow, readRepositories } from '../../gateway/index-answers.ts';

/** Between the last letter and the question, ms. */
const typingMs = 200;
/** Rows of one question: the most that the gateway gives. */
const rows = '1000';

const askPage: AskPage<RepositoryRow> = (prefix, cursor, signal) => {
  const query = new URLSearchParams({ n: rows });
  if (prefix !== null) query.set('prefix', prefix);
  if (cursor !== null) query.set('cursor', cursor);
  return ask({ path: '/v1/repositories', query, signal }, readRepositories);
};

interface Outcome {
  /** What was found for the text before, until there is something new. Null: nothing was looked for yet. */
  readonly found: Found<RepositoryRow> | null;
  readonly error: Error | null;
}

/** Finds the repositories that have a text in their name. */
export function useFound(text: string): Outcome {
  const finder = useRef(new Finder(askPage));
  const isFirst = useRef(true);
  const [outcome, show] = useState<Outcome>({ found: null, error: null });
  useEffect(() => {
    const end = new AbortController();
    const look = async () => {
      try {
        const found = await finder.current.find(text, end.signal);
        if (!end.signal.aborted) show({ found, error: null });
      } catch (error) {
        if (end.signal.aborted) return;
        show(({ found }) => ({ found, error: error instanceof Error ? error : new Error(String(error)) }));
      }
    };
    const timer = setTimeout(look, isFirst.current ? 0 : typingMs);
    isFirst.current = false;
    return () => {
      clearTimeout(timer);
      end.abort();
    };
  }, [text]);
  return outcome;
}
