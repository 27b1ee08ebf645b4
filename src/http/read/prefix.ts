import {
  canonicalRegistry,
  canonicalRepository,
  isRepository,
  refusing,
  repositoryKey,
  splitHost,
} from '../../event/reference.ts';

/** A repository with everything below it. */
export interface Prefix {
  /** Exact repositories and globs over repository keys that cover it. */
  readonly repositories: readonly string[];
  readonly patterns: readonly string[];
  /** @param key `registry/repository` */
  holds(key: string): boolean;
}

/**
 * Reads whole path segments: `ghcr.io/a` holds `ghcr.io/a` and `ghcr.io/a/b`, not `ghcr.io/ab`. A host alone is all that
 * it has; without a host it is in the default registry. As a name `nginx` is Docker Hub's `library/nginx`, and below
 * `nginx` is what Docker Hub has there: it holds both.
 *
 * @throws PARAMETER_INVALID naming `parameter`
 */
export function parsePrefix(text: string, defaultRegistry: string, parameter = 'prefix'): Prefix {
  const refuse = refusing(parameter, text);
  // A slash behind it makes `splitHost` see a host alone.
  const { registry, name: folder } = splitHost(`${text.replace(/\/$/, '')}/`, defaultRegistry);
  const host = canonicalRegistry(registry);
  if (host === null) throw refuse('the host must be a DNS name or an address, with an optional port');
  const name = folder.slice(0, -1);
  if (folder === '')
    return { repositories: [], patterns: [`${host}/**`], holds: (key) => key.startsWith(`${host}/`) };
  const exact = canonicalRepository(host, name);
  if (!isRepository(name) || exact === null)
    throw refuse('must be [host[:port]/] and whole path segments of a-z, 0-9, ".", "_", "-"');
  const key = repositoryKey(exact);
  const below = `${host}/${name}/`;
  return {
    repositories: [key],
    patterns: [`${below}**`],
    holds: (other) => other === key || other.startsWith(below),
  };
}
