import { isDigestTag } from '../../event/digest-tag.ts';
import { choiceOf } from './parameters.ts';

export interface TagType {
  /** As the client wrote it; null: all tags. */
  readonly name: 'digest' | 'real' | null;
  readonly narrows: { readonly isWanted?: (tag: string) => boolean };
  /** Says to the client that its parameter was understood. */
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * `tagType` (distribution-spec#568): `digest` for tags that only stand for a digest, `real` for the others. `n`,
 * `last` and `Link` count what is left. @throws RegistryError
 */
export function tagTypeOf(query: URLSearchParams): TagType {
  const name = choiceOf(query, 'tagType', ['digest', 'real']);
  if (name === null) return { name, narrows: {}, headers: {} };
  const isWanted = name === 'digest' ? isDigestTag : (tag: string) => !isDigestTag(tag);
  return { name, narrows: { isWanted }, headers: { 'oci-filters-applied': 'tagType' } };
}
