/** How much of a repository the gateway knows (PROTOCOL.md, section 9, "Whole lists"). */
import { repositoryKey } from '../../event/reference.ts';
import { parseRepositoryName } from '../../event/repository-pattern.ts';
import { repositoryPage } from './answers.ts';
import type { Ask } from './gateway.ts';
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
