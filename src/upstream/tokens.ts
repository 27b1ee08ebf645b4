import { z } from 'zod';
import { backoffMs } from '../lib/backoff.ts';
import { BoundedMap } from '../lib/bounded-map.ts';
import type { Clock } from '../lib/clock.ts';
import { jsonOrNothing } from '../lib/json.ts';
import type { Random } from '../lib/random.ts';
import { parseChallenge } from './challenge.ts';
import type { Credentials } from './docker-config.ts';
import type { Answer } from './exchange.ts';
import { TokenScopes } from './token-scopes.ts';
import { isOutage, UpstreamError } from './upstream-error.ts';

/** Sends one request to the token realm, within the registry's budget. */
export type AskRealm = (
  url: URL,
  init: { readonly authorization: string | null; readonly form: string | null },
) => Promise<Answer>;

interface TokensOptions {
  readonly host: string;
  readonly credentials: Credentials | null;
  readonly plainHttp: boolean;
  readonly clock: Clock;
  readonly random: Random;
  readonly askRealm: AskRealm;
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

/** Some send null for what they lack, and Azure's services send the lifetime as a text. */
const tokenSchema = z.object({
  token: z.string().nullish(),
  access_token: z.string().nullish(),
  expires_in: z
    .union([
      z.number(),
      z
        .string()
        .regex(/^[0-9]{1,9}$/)
        .transform(Number),
    ])
    .nullish()
    .catch(null),
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
  /** What it was asked for. */
  readonly scopes: readonly string[];
  /** Monotonic ms. */
  readonly expiresAt: number;
}

/**
 * Answers a registry's challenges: which `Authorization` goes with a request (distribution-spec, "token
 * authentication"). It owns the credentials. They go only to the registry's own origin, and to the token realm
 * that this origin names over TLS (over plain HTTP only if the registry is configured so).
 */
export class Tokens {
  /** The credentials as basic authentication; null: there are none. */
  readonly basic: string | null;
  readonly #options: TokensOptions;
  readonly #clock: Clock;
  /** By usual scope, so that no repository uses another one's. */
  readonly #cache = new BoundedMap<string, CachedToken>(maxTokens);
  readonly #scopes = new TokenScopes(maxTokens);
  readonly #underWay = new Map<string, Promise<string>>();
  #scheme: 'none' | 'basic' | Bearer = 'none';
  #trouble: Trouble | null = null;

  constructor(options: TokensOptions) {
    this.#options = options;
    this.#clock = options.clock;
    const { username, password } = options.credentials ?? {};
    this.basic =
      username === undefined ? null : `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  }

  /** What an answer that denies asks of the operator. */
  get need(): string {
    return this.basic === null
      ? 'must be public, or username and password must be set'
      : 'username and password must be right, and permit a pull';
  }

  /**
   * The `Authorization` to send unasked; null: none. If the realm fails, its challenge is forgotten: the registry
   * names its realm again after a bare request.
   *
   * @param usual the scope that the request needs at most registries
   */
  async current(usual: string): Promise<string | null> {
    const scheme = this.#scheme;
    if (scheme === 'basic') return this.basic;
    const known = this.#cached(usual);
    if (known !== null) return known.header;
    const scopes = this.#scopes.of(usual);
    return scheme === 'none' || scopes === null ? null : this.#fetchToken(scheme, usual, scopes);
  }

  /** The `Authorization` to retry with after a 401 to a request sent with `used`; null: nothing better. */
  async answer(usual: string, challenges: readonly string[], used: string | null): Promise<string | null> {
    const challenge = parseChallenge(challenges);
    if (challenge === null) return null;
    if (challenge.scheme === 'basic') {
      if (this.basic === null || used === this.basic) return null;
      this.#scheme = 'basic';
      return this.basic;
    }
    const bearer = { realm: this.#realmOf(challenge.realm), service: challenge.service };
    this.#scheme = bearer;
    const scopes = this.#scopes.heard(usual, challenge.scope);
    const known = this.#cached(usual);
    // Another look may have fetched a newer one meanwhile. The refused one is not sent again.
    if (known !== null && known.header !== used && isSame(known.scopes, scopes)) return known.header;
    this.#cache.delete(usual);
    return this.#fetchToken(bearer, usual, scopes);
  }

  #cached(usual: string): CachedToken | null {
    const token = this.#cache.get(usual);
    if (token === undefined) return null;
    this.#cache.delete(usual);
    if (token.expiresAt <= this.#clock.monotonic()) return null;
    this.#cache.set(usual, token);
    return token;
  }

  /** Runs one token request at a time for each realm, repository and scopes; all waiting looks share it. */
  #fetchToken(bearer: Bearer, usual: string, scopes: readonly string[]): Promise<string> {
    const name = [bearer.realm.href, usual, ...scopes].join(' ');
    const running = this.#underWay.get(name);
    if (running !== undefined) return running;
    const fetching = this.#askUnlessInTrouble(bearer, scopes)
      .then(({ token, lifetimeMs }) => {
        const header = `Bearer ${token}`;
        this.#cache.set(usual, {
          header,
          scopes,
          expiresAt: this.#clock.monotonic() + lifetimeMs * (1 - marginShare),
        });
        return header;
      })
      .catch((error: unknown) => {
        if (error instanceof UpstreamError && error.reason === 'denied') this.#scopes.refused(usual);
        // A registry that moved its token service names the new one only to a request without a token.
        const scheme = this.#scheme;
        const isStill = typeof scheme === 'object' && scheme.realm.href === bearer.realm.href;
        if (isStill && !isOurs(error)) this.#scheme = 'none';
        throw error;
      })
      .finally(() => this.#underWay.delete(name));
    this.#underWay.set(name, fetching);
    return fetching;
  }

  async #askUnlessInTrouble(bearer: Bearer, scopes: readonly string[]) {
    const { href } = bearer.realm;
    const known = this.#trouble?.realm === href ? this.#trouble : null;
    if (known !== null && this.#clock.monotonic() < known.until) throw known.error;
    try {
      const got = await this.#requestToken(bearer, scopes);
      if (this.#trouble?.realm === href) this.#trouble = null;
      return got;
    } catch (error) {
      if (error instanceof UpstreamError && isOutage(error.reason)) {
        const failures = known === null ? 0 : known.failures + 1;
        const until = this.#clock.monotonic() + backoffMs(failures, realmBackoff, this.#options.random);
        this.#trouble = { realm: href, error, failures, until };
      }
      throw error;
    }
  }

  async #requestToken(bearer: Bearer, scopes: readonly string[]) {
    const { askRealm, credentials } = this.#options;
    const url = new URL(bearer.realm);
    if (bearer.service !== null) url.searchParams.set('service', bearer.service);
    url.searchParams.delete('scope');
    for (const scope of scopes) url.searchParams.append('scope', scope);
    const got = await askRealm(url, { authorization: this.basic, form: null });
    // OAuth2-only token services answer GET with 404 or 405 (distribution, "Token Authentication via OAuth2").
    const post = (got.status === 404 || got.status === 405) && credentials !== null;
    const answer = post
      ? await askRealm(new URL(bearer.realm), {
          authorization: null,
          form: new URLSearchParams({
            grant_type: 'password',
            service: bearer.service ?? '',
            client_id: 'manifeed',
            scope: scopes.join(' '),
            ...credentials,
          }).toString(),
        })
      : got;
    return readToken(answer, bearer.realm, this.need);
  }

  #realmOf(text: string): URL {
    const realm = URL.parse(text);
    const allowed = realm?.protocol === 'https:' || (realm?.protocol === 'http:' && this.#options.plainHttp);
    if (realm === null || !allowed || realm.username !== '' || realm.password !== '') {
      throw new UpstreamError(
        'redirect',
        `fetch token for ${this.#options.host}: realm ${realm === null ? 'is no URL' : realm.host} refused: must be https`,
      );
    }
    return realm;
  }
}

function isSame(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((scope, index) => scope === other[index]);
}

/** Failures that say nothing about the realm: a requested pause, or our own end. */
function isOurs(error: unknown): boolean {
  return error instanceof UpstreamError && (error.reason === 'refused' || error.reason === 'closed');
}

/** @param need of an answer that denies */
function readToken(answer: Answer, realm: URL, need: string): { token: string; lifetimeMs: number } {
  const refuse = (what: string) =>
    new UpstreamError('denied', `fetch token from ${realm.host}: ${what}: must be 200 with a token`);
  if (answer.status >= 500) {
    throw new UpstreamError('server', `fetch token from ${realm.host}: status ${answer.status}: must be 200`);
  }
  if (answer.status === 401 || answer.status === 403)
    throw new UpstreamError('denied', `fetch token from ${realm.host}: status ${answer.status}: ${need}`);
  if (answer.status !== 200) throw refuse(`status ${answer.status}`);
  const json = jsonOrNothing(answer.body.toString('utf8'));
  if (json === undefined) throw refuse('a body that is not JSON');
  const parsed = tokenSchema.safeParse(json);
  const token = parsed.data?.token || parsed.data?.access_token;
  // A token with a line break would forge headers of our own request.
  if (!token || token.length > maxTokenLength || !/^[\x21-\x7e]+$/.test(token)) {
    throw refuse('no usable token');
  }
  const lifetimeMs = (parsed.data?.expires_in ?? 0) * 1000;
  return { token, lifetimeMs: Math.min(Math.max(lifetimeMs, defaultLifetimeMs), maxLifetimeMs) };
}
