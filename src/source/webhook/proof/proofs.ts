import { hash, timingSafeEqual } from 'node:crypto';
import { ManifeedError } from '../../../errors.ts';
import {
  type Head,
  type HookFault,
  type HookOptions,
  headerOf,
  type Proof,
  type WebhookKind,
} from '../kind.ts';

/** All proofs that a kind takes, in the order of checking: heads first, because they are cheap. */
export function proofsOf(kind: WebhookKind): readonly Proof[] {
  return [...sharedSecrets, ...(kind.proofs ?? [])];
}

/** The proofs that a hook's senders must show, every one of them. None: see `verify: none`. */
export function askedProofs(kind: WebhookKind, hook: HookOptions): readonly Proof[] {
  return proofsOf(kind).filter((proof) => proof.isAsked(hook));
}

/** It never says which proof failed. */
export function unauthorized(): ManifeedError {
  return new ManifeedError('UNAUTHORIZED', 'verify webhook: refused: must carry what the hook expects');
}

/** In constant time. Both sides are hashed, because `timingSafeEqual` reveals by its error that lengths differ. */
export function equalSecrets(given: string, expected: string): boolean {
  return timingSafeEqual(hash('sha256', given, 'buffer'), hash('sha256', expected, 'buffer'));
}

const pathToken: Proof = {
  name: 'pathToken',
  settings: ['pathToken'],
  isAsked: (hook) => hook.pathToken !== undefined,
  expects: () => 'the pathToken as last part of the URL (--path-token)',
  checks: ({ pathToken: expected = '' }) => ({
    head: (head) => equalSecrets(head.pathToken ?? '', expected),
  }),
};

const token: Proof = {
  name: 'token',
  settings: ['token', 'tokenHeader'],
  isAsked: (hook) => hook.token !== undefined,
  faults(hook, kind): readonly HookFault[] {
    if (hook.token === undefined) {
      const message = 'missing: must be given, because tokenHeader is';
      return hook.tokenHeader === undefined ? [] : [{ key: 'token', message }];
    }
    // One header cannot hold two credentials.
    const other =
      hook.password !== undefined ? 'Basic' : hook.audience !== undefined ? "Google's token" : null;
    const isFree = tokenHeadersOf(hook, kind).some((name) => name !== 'authorization');
    if (other === null || isFree) return [];
    const message = `authorization: must be another header, because ${other} is sent in that one`;
    return [{ key: 'tokenHeader', message }];
  },
  expects(hook, kind) {
    const names = tokenHeadersOf(hook, kind);
    const bearer = names.includes('authorization') ? ', in Authorization also after "Bearer "' : '';
    return `header ${names.map(titleCase).join(' or ')}: the token${bearer}`;
  },
  checks(hook, kind) {
    const { token: expected = '' } = hook;
    const names = tokenHeadersOf(hook, kind);
    return { head: (head) => hasToken(head, names, expected) };
  },
};

const basic: Proof = {
  name: 'username and password',
  settings: ['username', 'password'],
  isAsked: (hook) => hook.password !== undefined,
  faults({ username, password }): readonly HookFault[] {
    if ((username === undefined) === (password === undefined)) return [];
    const [key, given] =
      username === undefined ? (['username', 'password'] as const) : (['password', 'username'] as const);
    return [{ key, message: `missing: must be given, because ${given} is` }];
  },
  expects: () => 'header Authorization: "Basic " and username:password in base64',
  checks({ username = '', password = '' }) {
    const expected = `${username}:${password}`;
    return { head: (head) => hasBasic(headerOf(head.headers, 'authorization'), expected) };
  },
};

const sharedSecrets: readonly Proof[] = [pathToken, token, basic];

/** `x-hub-signature-256` → `X-Hub-Signature-256`: header names as people know them. */
export function titleCase(name: string): string {
  return name.replace(/(^|-)([a-z])/g, (_, dash: string, letter: string) => dash + letter.toUpperCase());
}

function tokenHeadersOf(hook: HookOptions, kind: WebhookKind): readonly string[] {
  if (hook.tokenHeader !== undefined) return [hook.tokenHeader.toLowerCase()];
  return kind.tokenHeaders ?? ['authorization'];
}

/**
 * Whether one of the headers is the token or, in `authorization`, the token after `Bearer`: Harbor and ACR send
 * the configured string verbatim, most others put a scheme before it. Every header is compared, even after a
 * match, so that the time reveals nothing.
 */
function hasToken({ headers }: Head, names: readonly string[], expected: string): boolean {
  let found = false;
  for (const name of names) {
    const header = headerOf(headers, name);
    const given = header ?? '';
    const verbatim = equalSecrets(given, expected);
    const bearer = name === 'authorization' && equalSecrets(given.replace(/^bearer +/i, ''), expected);
    found ||= header !== null && (verbatim || bearer);
  }
  return found;
}

/** HTTP Basic (RFC 7617, UTF-8). */
function hasBasic(header: string | null, expected: string): boolean {
  const match = /^basic +([A-Za-z0-9+/_=-]+)\s*$/i.exec(header ?? '');
  const given = Buffer.from(match?.[1] ?? '', 'base64').toString('utf8');
  return equalSecrets(given, expected) && match !== null;
}
