/** Lists that come page by page (PROTOCOL.md, section 9, "Pages"). */
import type { z } from 'zod';
import { FeedError } from '../../../client/src/index.ts';
import { type Ask, readAnswer } from './gateway.ts';

/** Rows that one page may have; the most that the gateway gives. */
export const pageRows = 1_000;
/** Pages that one list may have: a gateway that never ends must not keep a command for ever. */
export const maxPages = 100_000;

interface List<Page> {
  readonly path: string;
  /** Without the place where a page goes on. */
  readonly query: URLSearchParams;
  /** The parameter that takes `next`. */
  readonly place: 'cursor' | 'before';
  readonly schema: z.ZodType<Page>;
  /** Most rows of one page. Default `pageRows`. */
  readonly rows?: number;
}

/** All pages, as they come. @throws FeedError, also after more pages than `maxPages` */
export async function* pagesOf<Page extends { readonly next: string | null }>(
  ask: Ask,
  { path, query: asked, place, schema, rows = pageRows }: List<Page>,
): AsyncGenerator<Page> {
  const query = new URLSearchParams(asked);
  query.set('n', String(rows));
  for (let pages = 0; pages < maxPages; pages++) {
    const page = readAnswer(path, schema, await ask({ path, query }));
    yield page;
    if (page.next === null) return;
    query.set(place, page.next);
  }
  throw new FeedError('PROTOCOL', `read ${path}: more than ${maxPages} pages: must come to an end`);
}
