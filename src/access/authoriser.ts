/**
 * Who may subscribe to what. Pure: a token in, a grant or nothing out. It reads no request; the roads into the
 * gateway (fastify, the net front, a WebSocket's first message) each find the token and ask here.
 */
import { hash } from 'node:crypto';
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
  /** May see the metrics; default: no, save with `admin`. */
  readonly metrics?: boolean;
}

export type AccessOptions =
  | { readonly kind: 'open' }
  | { readonly kind: 'tokens'; readonly tokens: readonly AccessToken[] };

/** Repositories and globs, parsed: `event/filter.ts` in the gateway. */
export interface Scope {
  readonly patterns: readonly string[];
  matches(repositoryKey: string): boolean;
}

export interface AuthoriserOptions {
  readonly access: AccessOptions;
  /** Whether open access includes `pace=none`, and every token too. */
  readonly allowNone: boolean;
  /** Whether open access includes administration: on loopback, where who can connect can also stop us. */
  readonly openIsAdmin: boolean;
  /** Parses `repositories`; throws where one is invalid. */
  readonly scope: (repositories: readonly string[]) => Scope;
}

/** Longest token that is looked at: hashing is linear, and what is longer was never issued. */
export const maxTokenLength = 1_024;

/**
 * Returns the check: the grant of a token, or null where it has none. With open access everybody has the same
 * grant, whatever token they show.
 */
export function createAuthoriser(options: AuthoriserOptions): (token: string | null) => Grant | null {
  const { access, allowNone, openIsAdmin, scope } = options;
  if (access.kind === 'open') {
    const everything = scope(['**']);
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
    grants.set(token.sha256, makeGrant(token.name, scope(token.repositories), may));
  }
  return (token) => {
    if (token === null || token === '' || token.length > maxTokenLength) return null;
    // Found by hash, not by comparing with each in turn: thousands of tokens must not slow a reconnect storm,
    // and the time of a look-up by SHA-256 tells nothing to those who cannot invert it.
    return grants.get(hash('sha256', token, 'hex')) ?? null;
  };
}

function makeGrant(
  name: string,
  scope: Scope,
  may: Pick<Grant, 'owner' | 'unpaced' | 'admin' | 'metrics'>,
): Grant {
  const { patterns } = scope;
  return {
    name,
    key: JSON.stringify(patterns),
    patterns,
    ...may,
    // The commonest grant answers without looking.
    allows: patterns.includes('**') ? () => true : (repositoryKey) => scope.matches(repositoryKey),
  };
}
