/**
 * What a glob meant before a first segment of one asterisk stood for any host: it was in the default registry.
 * Only for the warning at the start, since an access entry may now grant more than its author meant.
 */
import { canonicalGlob, isGlob } from './glob.ts';
import { canonicalRegistry, dockerHub, splitHost } from './reference.ts';
import { parseRepositoryText, type RepositoryTextOptions } from './repository-pattern.ts';

/** A pattern whose meaning has changed: canonical globs over repository keys. */
export interface ChangedMeaning {
  readonly now: string;
  readonly before: string;
}

/**
 * Null where a text means what it always meant.
 *
 * @throws PARAMETER_INVALID where the text is refused now
 */
export function changedMeaning(text: string, options: RepositoryTextOptions): ChangedMeaning | null {
  const now = parseRepositoryText(text, options).canonical;
  if (!isGlob(text)) return null;
  const before = formerMeaning(text, options.defaultRegistry);
  return now === before ? null : { now, before };
}

function formerMeaning(text: string, defaultRegistry: string): string {
  const canonical = canonicalGlob(text);
  if (canonical.split('/', 1)[0]?.includes('**')) return canonical;
  const { registry, name } = splitHost(canonical, defaultRegistry);
  const host = isGlob(registry) ? registry.toLowerCase() : (canonicalRegistry(registry) ?? registry);
  const inLibrary = host === dockerHub && !name.includes('/') && !name.includes('**');
  return `${host}/${inLibrary ? `library/${name}` : name}`;
}
