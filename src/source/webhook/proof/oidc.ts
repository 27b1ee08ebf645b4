/** Google's OIDC token on Pub/Sub pushes ("Authentication for push subscriptions"): signature and claims, by jose. */
import { readFile } from 'node:fs/promises';
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTPayload, jwtVerify } from 'jose';
import { z } from 'zod';
import { ManifeedError } from '../../../errors.ts';
import type { Clock } from '../../../lib/clock.ts';
import {
  type FetchText,
  type HeadCheck,
  type HookOptions,
  headerOf,
  type Proof,
  type ProofTools,
} from '../kind.ts';

const googleJwks = 'https://www.googleapis.com/oauth2/v3/certs';
const issuers = ['https://accounts.google.com', 'accounts.google.com'];
const jwksTtlMs = 3_600_000;
/** Shortest time between two fetches for unknown keys, ms, whatever tokens name. */
const jwksCooldownMs = 60_000;
const jwksLimits = { maxBytes: 64 * 1024, timeoutMs: 3_000 };
const clockToleranceSeconds = 60;

const jwksSchema = z.object({
  keys: z.array(z.looseObject({ kty: z.string() })).max(32),
});

/** `jwks` alone asks for no proof: `audience` and `email` say whose token is meant. */
export const googleToken: Proof = {
  name: 'audience and email',
  settings: ['audience', 'email', 'jwks'],
  isAsked: (hook) => hook.audience !== undefined,
  faults({ audience, email }) {
    if ((audience === undefined) === (email === undefined)) return [];
    const [key, given] =
      audience === undefined ? (['audience', 'email'] as const) : (['email', 'audience'] as const);
    const why = 'any Google account can have a token made for any audience';
    return [{ key, message: `missing: must be given, because ${given} is: ${why}` }];
  },
  expects: () => 'header Authorization: "Bearer " and Google\'s token for audience and email',
  checks: (hook, _kind, tools) => ({ head: makeTokenCheck(hook, tools) }),
};

function makeTokenCheck(hook: HookOptions, { clock, fetchText }: ProofTools): HeadCheck {
  const find = keptKeySet(hook.jwks ?? googleJwks, fetchText, clock);
  return async ({ headers }) => {
    const token = /^bearer +([A-Za-z0-9_.-]{1,8192})$/i.exec(headerOf(headers, 'authorization') ?? '')?.[1];
    if (token === undefined) return false;
    const options = {
      audience: hook.audience ?? '',
      issuer: issuers,
      algorithms: ['RS256', 'ES256'],
      requiredClaims: ['exp', 'iat', 'email'],
      clockTolerance: clockToleranceSeconds,
      currentDate: new Date(clock.now()),
    };
    try {
      const { payload } = await jwtVerify(token, find, options);
      return isSender(payload, hook);
    } catch (error) {
      if (error instanceof ManifeedError) throw error;
      return false;
    }
  };
}

/** Any Google account can get a token for any audience: only the address says who it is. */
function isSender(claims: JWTPayload, hook: HookOptions): boolean {
  return claims.email_verified === true && (hook.email === undefined || claims.email === hook.email);
}

type Finder = ReturnType<typeof createLocalJWKSet>;

/** One key set, fetched when needed and kept; fetched again for an unknown key, because Google changes keys. */
function keptKeySet(source: string, fetchText: FetchText, clock: Clock) {
  let finder: Promise<Finder> | null = null;
  let fetchedAt = 0;

  async function load(): Promise<Finder> {
    const isUrl = /^https:\/\//i.test(source);
    const text = isUrl ? await fetchText(source, jwksLimits) : await readFile(source, 'utf8');
    const keys: JSONWebKeySet = jwksSchema.parse(JSON.parse(text));
    return createLocalJWKSet(keys);
  }

  function current(maxAgeMs: number): Promise<Finder> {
    const now = clock.monotonic();
    if (finder !== null && now - fetchedAt < maxAgeMs) return finder;
    fetchedAt = now;
    const before = finder;
    const loading = load().catch((cause: unknown) => {
      // Old keys are better than none while the source is unreachable.
      if (before !== null) return before;
      if (finder === loading) finder = null;
      throw new ManifeedError('UNAVAILABLE', 'verify OIDC token: key set not reachable', { cause });
    });
    finder = loading;
    return loading;
  }

  return async (...[header, jws]: Parameters<Finder>): ReturnType<Finder> => {
    const find = await current(jwksTtlMs);
    try {
      return await find(header, jws);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      return (await current(jwksCooldownMs))(header, jws);
    }
  };
}
