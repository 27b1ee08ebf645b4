/** What a look finds out about a repository that may not exist: a wrong name looks like an empty repository. Pure. */
import type { Listing } from './listers/lister.ts';

/**
 * `repository`: the registry says that it has no such repository. `tags`: no list was asked for, and none of the tags
 * was there; a HEAD does not tell whether the repository is.
 */
export type Absence = 'repository' | 'tags';

/** @param listing null: none was asked for @param asked,found numbers of tags whose HEAD was answered, and by 200 */
export function absenceOf(listing: Listing | null, asked: number, found: number): Absence | null {
  if (found > 0) return null;
  if (listing !== null) return listing.unknownName ? 'repository' : null;
  return asked > 0 ? 'tags' : null;
}

const why = 'is the name right, and may these credentials see it?';

/** For `lastError`. */
export const absenceTexts: Readonly<Record<Absence, string>> = {
  repository: `the registry does not know this repository: ${why}`,
  tags: `the registry has none of the watched tags of this repository: ${why}`,
};
