/**
 * The former meaning of a glob: a first segment of `*` was a name in the default registry, not any host. For the
 * warning at the start, because an access entry may now grant more than its author meant.
 */
import { canonicalGlob, isGlob } from './glob.ts';
import { canonicalRegistry, dockerHub, splitHost } from './reference.ts';
import { parseRepositoryText, type RepositoryTextOptions } from './repository-pattern.ts';

interface ChangedMeaning {
  readonly now: string;
  readonly before: string;
}

/**
 * @returns null if the meaning is the same
 * @throws PARAMETER_INVALID if the pattern is no longer accepted
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
