/** How much of a repository the gateway knows (PROTOCOL.md, section 9, "Whole lists"). */
import { repositoryKey } from '../../event/reference.ts';
import { parseRepositoryName } from '../../event/repository-pattern.ts';
import { changePage, repositoryPage } from './answers.ts';
import { type Ask, readAnswer } from './gateway.ts';
import { pagesOf } from './pages.ts';

/** `unknown`: the gateway knows no tag of it, because nobody told of one, or all were deleted. `not-listed`: its list of tags was never read whole. */
export type Listing = { readonly kind: 'unknown' | 'not-listed' | 'listed'; readonly name: string };

/**
 * @param text one repository as a person names it, `[host/]name`
 * @returns with its name in canonical form; of an unknown one as it was written
 */
export async function listingOf(ask: Ask, text: string): Promise<Listing> {
  const query = new URLSearchParams({ prefix: text });
  const list = { path: '/v1/repositories', query, place: 'cursor' as const, schema: repositoryPage };
  for await (const { repositories } of pagesOf(ask, list)) {
    for (const row of repositories) {
      const name = repositoryKey(row);
      // A name without a host is in the gateway's default registry, and so are all rows below it.
      if (name !== parseRepositoryName(text, row.registry)) continue;
      return { kind: row.listed === null ? 'not-listed' : 'listed', name };
    }
  }
  return { kind: 'unknown', name: text };
}

/**
 * Of a repository without a tag: when the last one was deleted. One small question.
 *
 * @param text as for `listingOf`
 * @returns RFC 3339; null: no change of it is kept, so nobody may ever have told of it
 */
export async function emptiedAt(ask: Ask, text: string): Promise<string | null> {
  const path = '/v1/changes';
  const query = new URLSearchParams({ repository: text, n: '1' });
  const { changes } = readAnswer(path, changePage, await ask({ path, query }));
  return changes[0]?.recordedAt ?? null;
}
