/**
 * Who may subscribe to what. Pure: a token in, a grant or nothing out. It reads no request; every way into the
 * gateway (fastify, the front, a WebSocket's first message) finds the token itself and asks here.
 */
import { hash } from 'node:crypto';
import { type Filter, parseFilter } from '../event/filter.ts';
import type { Grant } from '../event/grant.ts';

/** A configured token; `config.access` fits. */
export interface AccessToken {
  readonly name: string;
  /** SHA-256 of the token, lower-case hex. */
  readonly sha256: string;
  /** Repositories and globs. */
  readonly repositories: readonly string[];
  readonly unpaced: boolean;
  readonly admin: boolean;
  /** May see the metrics; default: no, except with `admin`. */
  readonly metrics?: boolean;
}

export type AccessOptions =
  | { readonly kind: 'open' }
  | { readonly kind: 'tokens'; readonly tokens: readonly AccessToken[] };

/** The grant of a token; null if it is not valid. With open access all get the same one, whatever token they send. */
export type Authorise = (token: string | null) => Grant | null;

export interface AuthoriserOptions {
  readonly access: AccessOptions;
  /** Whether anyone may use `pace=none`, with open access or with any token. */
  readonly allowNone: boolean;
  /** Whether open access includes administration: on loopback, where whoever can connect can also stop us. */
  readonly openIsAdmin: boolean;
  /** Registry of a bare name in `repositories`. */
  readonly defaultRegistry: string;
}

/** Longest token that is looked at: hashing is linear, and what is longer was never issued. */
export const maxTokenLength = 1_024;

/** @throws PARAMETER_INVALID if a token's repository or glob is not valid */
export function createAuthoriser(options: AuthoriserOptions): Authorise {
  const { access, allowNone, openIsAdmin, defaultRegistry } = options;
  if (access.kind === 'open') {
    const everything = scopeOf(['**'], defaultRegistry);
    const grant = makeGrant('anonymous', everything, {
      owner: null,
      unpaced: allowNone,
      admin: openIsAdmin,
      metrics: true,
    });
    return () => grant;
  }
  const grants = new Map<string, Grant>();
  for (const token of access.tokens) {
    const may = {
      owner: token.name,
      unpaced: token.unpaced || allowNone,
      admin: token.admin,
      metrics: token.admin || token.metrics === true,
    };
    grants.set(token.sha256, makeGrant(token.name, scopeOf(token.repositories, defaultRegistry), may));
  }
  return (token) => {
    if (token === null || token === '' || token.length > maxTokenLength) return null;
    // Found by hash, not by comparing with each in turn: thousands of tokens must not slow a reconnect storm,
    // and the time of a look-up by SHA-256 tells nothing to those who cannot invert it.
    return grants.get(hash('sha256', token, 'hex')) ?? null;
  };
}

/** Repositories of one token at most; the configuration's own bound is lower. */
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
    // The commonest grant answers without looking.
    allows: patterns.includes('**') ? () => true : (repositoryKey) => scope.matchesRepository(repositoryKey),
  };
}
