/** Turns a token into a grant. Every way in (fastify, the front, a first message) finds the token itself. */
import { hash } from 'node:crypto';
import { type Filter, parseFilter } from '../event/filter.ts';
import type { Grant } from '../event/grant.ts';

/** A configured token; `config.access` fits. */
interface AccessToken {
  readonly name: string;
  /** SHA-256 of the token, lower-case hex. */
  readonly sha256: string;
  /** Repositories and globs. */
  readonly repositories: readonly string[];
  readonly unpaced: boolean;
  readonly admin: boolean;
  /** May see the metrics. Default: only with `admin`. */
  readonly metrics?: boolean;
}

/** Who may come in: everyone, or who has one of these tokens. */
export type AccessOptions =
  | { readonly kind: 'open' }
  | { readonly kind: 'tokens'; readonly tokens: readonly AccessToken[] };

/** The grant of a token; null: not valid. With open access every request gets the same one. */
export type Authorise = (token: string | null) => Grant | null;

export interface AuthoriserOptions {
  readonly access: AccessOptions;
  /** Whether anyone may use `pace=none`, with open access or with any token. */
  readonly allowNone: boolean;
  /** Whether open access includes administration: on loopback, where a client could stop the process anyway. */
  readonly openIsAdmin: boolean;
  /** Registry of a bare name in `repositories`. */
  readonly defaultRegistry: string;
}

/** Longer tokens are not looked at: hashing takes time, and none of that length was issued. */
export const maxTokenLength = 1_024;

/** @throws PARAMETER_INVALID if a token's repository or glob is not valid */
export function createAuthoriser(options: AuthoriserOptions): Authorise {
  const { access, allowNone, openIsAdmin, defaultRegistry } = options;
  if (access.kind === 'open') {
    const everything = scopeOf(['**'], defaultRegistry);
    const may = { owner: null, unpaced: allowNone, admin: openIsAdmin, metrics: true };
    const grant = makeGrant('anonymous', everything, may);
    return () => grant;
  }
  const grants = new Map<string, Grant>();
  for (const { name, sha256, repositories, unpaced, admin, metrics = admin } of access.tokens) {
    const may = { owner: name, unpaced: unpaced || allowNone, admin, metrics: admin || metrics };
    grants.set(sha256, makeGrant(name, scopeOf(repositories, defaultRegistry), may));
  }
  return (token) => {
    if (token === null || token === '' || token.length > maxTokenLength) return null;
    // By hash, not by comparing each in turn: thousands of tokens must not slow a reconnect storm. The time of the
    // look-up reveals nothing to anyone who cannot invert SHA-256.
    return grants.get(hash('sha256', token, 'hex')) ?? null;
  };
}

/** Most repositories of one token; the configuration's own bound is lower. */
const maxRepositories = 100_000;

function scopeOf(repository: readonly string[], defaultRegistry: string): Filter {
  return parseFilter({ repository }, { defaultRegistry, maxRepositories });
}

function makeGrant(
  name: string,
  scope: Filter,
  may: Pick<Grant, 'owner' | 'unpaced' | 'admin' | 'metrics'>,
): Grant {
  const patterns = [...scope.repositories, ...scope.patterns];
  return {
    name,
    key: JSON.stringify(patterns),
    patterns,
    ...may,
    // The most common grant needs no look-up.
    allows: patterns.includes('**') ? () => true : (repositoryKey) => scope.matchesRepository(repositoryKey),
  };
}
