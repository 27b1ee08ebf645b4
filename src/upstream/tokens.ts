/**
 * Answers a registry's challenges: which `Authorization` goes with a request (distribution-spec, "token
 * authentication"). It owns the credentials. They go only to the registry's own origin, and to the token realm
 * that this origin names over TLS (over plain HTTP only if the registry is configured so).
 */

import { z } from 'zod';
import { backoffMs } from '../lib/backoff.ts';
import { BoundedMap } from '../lib/bounded-map.ts';
import type { Clock } from '../lib/clock.ts';
import type { Random } from '../lib/random.ts';
import { parseChallenge } from './challenge.ts';
import type { Credentials } from './docker-config.ts';
import type { Answer } from './exchange.ts';
import { isOutage, UpstreamError } from './upstream-error.ts';

/** Sends one request to the token realm, within the registry's budget. */
export type AskRealm = (
  url: URL,
  init: { readonly authorization: string | null; readonly form: string | null },
) => Promise<Answer>;

export interface TokensOptions {
  readonly host: string;
  readonly credentials: Credentials | null;
  readonly plainHttp: boolean;
  readonly clock: Clock;
  readonly random: Random;
  readonly askRealm: AskRealm;
}

export interface Tokens {
  /** The credentials as basic authentication; null: there are none. */
  readonly basic: string | null;
  /**
   * The `Authorization` to send unasked; null: none. If the realm fails, its challenge is forgotten: the registry
   * names its realm again after a bare request.
   */
  current(scope: string): Promise<string | null>;
  /** The `Authorization` to retry with after a 401 to a request sent with `used`; null: nothing better. */
  answer(scope: string, challenges: readonly string[], used: string | null): Promise<string | null>;
}

/** Scopes whose tokens are remembered; the least recently used is forgotten first. */
export const maxTokens = 4_096;
const maxTokenLength = 32 * 1024;
/** distribution-spec: the lifetime if the answer names none, or a shorter one. */
const defaultLifetimeMs = 60_000;
const maxLifetimeMs = 3_600_000;
/** A token is not used in the last part of its life, because the request takes time too. */
const marginShare = 0.1;
/** How long an unreachable realm is left alone. Bare requests meanwhile show whether it is still named. */
const realmBackoff = { baseMs: 1_000, maxMs: 60_000 };

const tokenSchema = z.object({
  token: z.string().optional(),
  access_token: z.string().optional(),
  expires_in: z.number().optional(),
});

interface Bearer {
  readonly realm: URL;
  readonly service: string | null;
}

/** An unreachable realm. Only one is remembered, because the registry names one at a time. */
interface Trouble {
  readonly realm: string;
  readonly error: UpstreamError;
  readonly failures: number;
  /** Not asked before this, monotonic ms. */
  readonly until: number;
}

interface CachedToken {
  readonly header: string;
  /** Monotonic ms. */
  readonly expiresAt: number;
}

export function createTokens(options: TokensOptions): Tokens {
  const { clock, credentials } = options;
  const cache = new BoundedMap<string, CachedToken>(maxTokens);
  const underWay = new Map<string, Promise<string>>();
  let scheme: 'none' | 'basic' | Bearer = 'none';
  let trouble: Trouble | null = null;

  const basic =
    credentials === null
      ? null
      : `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64')}`;

  function cached(scope: string): string | null {
    const token = cache.get(scope);
    if (token === undefined) return null;
    cache.delete(scope);
    if (token.expiresAt <= clock.monotonic()) return null;
    cache.set(scope, token);
    return token.header;
  }

  /** Runs one token request at a time for each realm and scope; all waiting looks share it. */
  function fetchToken(bearer: Bearer, scope: string): Promise<string> {
    const name = `${bearer.realm.href} ${scope}`;
    const running = underWay.get(name);
    if (running !== undefined) return running;
    const fetching = askUnlessInTrouble(bearer, scope)
      .then(({ token, lifetimeMs }) => {
        const header = `Bearer ${token}`;
        cache.set(scope, { header, expiresAt: clock.monotonic() + lifetimeMs * (1 - marginShare) });
        return header;
      })
      .catch((error: unknown) => {
        // A registry that moved its token service names the new one only to a request without a token.
        if (typeof scheme === 'object' && scheme.realm.href === bearer.realm.href && !isOurs(error)) {
          scheme = 'none';
        }
        throw error;
      })
      .finally(() => underWay.delete(name));
    underWay.set(name, fetching);
    return fetching;
  }

  async function askUnlessInTrouble(bearer: Bearer, scope: string) {
    const { href } = bearer.realm;
    const known = trouble?.realm === href ? trouble : null;
    if (known !== null && clock.monotonic() < known.until) throw known.error;
    try {
      const got = await requestToken(bearer, scope);
      if (trouble?.realm === href) trouble = null;
      return got;
    } catch (error) {
      if (error instanceof UpstreamError && isOutage(error.reason)) {
        const failures = known === null ? 0 : known.failures + 1;
        const until = clock.monotonic() + backoffMs(failures, realmBackoff, options.random);
        trouble = { realm: href, error, failures, until };
      }
      throw error;
    }
  }

  async function requestToken(bearer: Bearer, scope: string) {
    const url = new URL(bearer.realm);
    if (bearer.service !== null) url.searchParams.set('service', bearer.service);
    url.searchParams.set('scope', scope);
    const got = await options.askRealm(url, { authorization: basic, form: null });
    // OAuth2-only token services answer GET with 404 or 405 (distribution, "Token Authentication via OAuth2").
    const post = (got.status === 404 || got.status === 405) && credentials !== null;
    const answer = post
      ? await options.askRealm(new URL(bearer.realm), {
          authorization: null,
          form: new URLSearchParams({
            grant_type: 'password',
            service: bearer.service ?? '',
            client_id: 'manifeed',
            scope,
            ...credentials,
          }).toString(),
        })
      : got;
    return readToken(answer, bearer.realm);
  }

  function realmOf(text: string): URL {
    const realm = URL.canParse(text) ? new URL(text) : null;
    const allowed = realm?.protocol === 'https:' || (realm?.protocol === 'http:' && options.plainHttp);
    if (realm === null || !allowed || realm.username !== '' || realm.password !== '') {
      throw new UpstreamError(
        'redirect',
        `fetch token for ${options.host}: realm ${realm === null ? 'is no URL' : realm.host} refused: must be https`,
      );
    }
    return realm;
  }

  return {
    basic,
    async current(scope) {
      if (scheme === 'basic') return basic;
      return cached(scope) ?? (scheme === 'none' ? null : fetchToken(scheme, scope));
    },
    async answer(scope, challenges, used) {
      const challenge = parseChallenge(challenges);
      if (challenge === null) return null;
      if (challenge.scheme === 'basic') {
        if (basic === null || used === basic) return null;
        scheme = 'basic';
        return basic;
      }
      const bearer = { realm: realmOf(challenge.realm), service: challenge.service };
      scheme = bearer;
      const known = cached(scope);
      // Another look may have fetched a newer one meanwhile. The refused one is not sent again.
      if (known !== null && known !== used) return known;
      cache.delete(scope);
      return fetchToken(bearer, scope);
    },
  };
}

/** Failures that say nothing about the realm: a requested pause, or our own end. */
function isOurs(error: unknown): boolean {
  return error instanceof UpstreamError && (error.reason === 'refused' || error.reason === 'closed');
}

function readToken(answer: Answer, realm: URL): { token: string; lifetimeMs: number } {
  const refuse = (what: string) =>
    new UpstreamError('denied', `fetch token from ${realm.host}: ${what}: must be 200 with a token`);
  if (answer.status >= 500) {
    throw new UpstreamError('server', `fetch token from ${realm.host}: status ${answer.status}: must be 200`);
  }
  if (answer.status !== 200) throw refuse(`status ${answer.status}`);
  let json: unknown;
  try {
    json = JSON.parse(answer.body.toString('utf8'));
  } catch {
    throw refuse('a body that is not JSON');
  }
  const parsed = tokenSchema.safeParse(json);
  const token = parsed.data?.token ?? parsed.data?.access_token;
  // A token with a line break would forge headers of our own request.
  if (token === undefined || token.length > maxTokenLength || !/^[\x21-\x7e]+$/.test(token)) {
    throw refuse('no usable token');
  }
  const lifetimeMs = (parsed.data?.expires_in ?? 0) * 1000;
  return { token, lifetimeMs: Math.min(Math.max(lifetimeMs, defaultLifetimeMs), maxLifetimeMs) };
}
