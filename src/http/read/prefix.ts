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

/** A host, and the folder of repositories below it. */
export interface Folder {
  readonly registry: string;
  /** Whole path segments, without a slash at either end; '': all of the registry. */
  readonly path: string;
}

/**
 * Reads whole path segments, with or without a slash behind them. A host alone is all that it has; without a host it is
 * in the default registry.
 *
 * @throws PARAMETER_INVALID naming `parameter`
 */
export function parseFolder(text: string, defaultRegistry: string, parameter: string): Folder {
  const refuse = refusing(parameter, text);
  // A slash behind it makes `splitHost` see a host alone.
  const { registry, name } = splitHost(`${text.replace(/\/$/, '')}/`, defaultRegistry);
  const host = canonicalRegistry(registry);
  if (host === null) throw refuse('the host must be a DNS name or an address, with an optional port');
  const path = name.slice(0, -1);
  if (name !== '' && !isRepository(path)) throw refuse(folderRule);
  return { registry: host, path };
}

const folderRule = 'must be [host[:port]/] and whole path segments of a-z, 0-9, ".", "_", "-"';

/**
 * Reads a folder as `parseFolder`: `ghcr.io/a` holds `ghcr.io/a` and `ghcr.io/a/b`, not `ghcr.io/ab`. As a name `nginx`
 * is Docker Hub's `library/nginx`, and below `nginx` is what Docker Hub has there: it holds both.
 *
 * @throws PARAMETER_INVALID naming `parameter`
 */
export function parsePrefix(text: string, defaultRegistry: string, parameter = 'prefix'): Prefix {
  const { registry, path } = parseFolder(text, defaultRegistry, parameter);
  if (path === '')
    return { repositories: [], patterns: [`${registry}/**`], holds: (key) => key.startsWith(`${registry}/`) };
  const exact = canonicalRepository(registry, path);
  if (exact === null) throw refusing(parameter, text)(folderRule);
  const key = repositoryKey(exact);
  const below = `${registry}/${path}/`;
  return {
    repositories: [key],
    patterns: [`${below}**`],
    holds: (other) => other === key || other.startsWith(below),
  };
}
