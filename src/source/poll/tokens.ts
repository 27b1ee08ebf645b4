/**
 * Answers a registry's challenges: which `Authorization` goes with a request (distribution-spec, "token
 * authentication"). It owns the credentials; they go to the registry's own origin and to the token realm that
 * this origin names over TLS (or over plain HTTP, where the registry itself is configured so), nowhere else.
 */
import { z } from 'zod';
import type { Clock } from '../../lib/clock.ts';
import { parseChallenge } from './challenge.ts';
import type { Credentials } from './docker-config.ts';
import type { Answer } from './exchange.ts';
import { UpstreamError } from './upstream-error.ts';

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
  readonly askRealm: AskRealm;
}

export interface Tokens {
  /** The credentials as basic authentication; null where there are none. */
  readonly basic: string | null;
  /** What to send with a request of this scope before being asked; null: nothing. */
  current(scope: string): Promise<string | null>;
  /** After a 401 to a request sent with `used`; null: there is nothing better to send. */
  answer(scope: string, challenges: readonly string[], used: string | null): Promise<string | null>;
}

/** Scopes whose tokens are remembered; the one used longest ago is forgotten first. */
export const maxTokens = 4_096;
const maxTokenLength = 32 * 1024;
/** Where the answer names none (distribution-spec); shorter ones are taken as this, as the specification says. */
const defaultLifetimeMs = 60_000;
const maxLifetimeMs = 3_600_000;
/** A token is not used in the last moments of its life: the request takes time too. */
const marginShare = 0.1;

const tokenSchema = z.object({
  token: z.string().optional(),
  access_token: z.string().optional(),
  expires_in: z.number().optional(),
});

interface Bearer {
  readonly realm: URL;
  readonly service: string | null;
}

interface CachedToken {
  readonly header: string;
  /** Monotonic ms. */
  readonly expiresAt: number;
}

export function createTokens(options: TokensOptions): Tokens {
  const { clock, credentials } = options;
  const cache = new Map<string, CachedToken>();
  const underWay = new Map<string, Promise<string>>();
  let scheme: 'none' | 'basic' | Bearer = 'none';

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

  /** One token request at a time for each scope, however many looks wait for it. */
  function fetchToken(bearer: Bearer, scope: string): Promise<string> {
    const running = underWay.get(scope);
    if (running !== undefined) return running;
    const fetching = requestToken(bearer, scope)
      .then(({ token, lifetimeMs }) => {
        const header = `Bearer ${token}`;
        const oldest = cache.keys().next();
        if (cache.size >= maxTokens && oldest.done !== true) cache.delete(oldest.value);
        cache.set(scope, { header, expiresAt: clock.monotonic() + lifetimeMs * (1 - marginShare) });
        return header;
      })
      .finally(() => underWay.delete(scope));
    underWay.set(scope, fetching);
    return fetching;
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
        `fetch token for ${options.host}: realm ${realm === null ? 'is no URL' : realm.host} refused, want https`,
      );
    }
    return realm;
  }

  return {
    basic,
    async current(scope) {
      if (scheme === 'none') return null;
      if (scheme === 'basic') return basic;
      return cached(scope) ?? fetchToken(scheme, scope);
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
      // Another look may have fetched a better one meanwhile; the refused one is not sent again.
      if (known !== null && known !== used) return known;
      cache.delete(scope);
      return fetchToken(bearer, scope);
    },
  };
}

function readToken(answer: Answer, realm: URL): { token: string; lifetimeMs: number } {
  const refuse = (what: string) =>
    new UpstreamError('denied', `fetch token from ${realm.host}: ${what}, want 200 with a token`);
  if (answer.status >= 500) {
    throw new UpstreamError('server', `fetch token from ${realm.host}: status ${answer.status}, want 200`);
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
  // Only what may stand in a header: a token with a line break would forge headers of our own request.
  if (token === undefined || token.length > maxTokenLength || !/^[\x21-\x7e]+$/.test(token)) {
    throw refuse('no usable token');
  }
  const lifetimeMs = (parsed.data?.expires_in ?? 0) * 1000;
  return { token, lifetimeMs: Math.min(Math.max(lifetimeMs, defaultLifetimeMs), maxLifetimeMs) };
}
