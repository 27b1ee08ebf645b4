/** Shared secrets that travel with the request: a path segment, a static header, HTTP Basic. */
import { hash, timingSafeEqual } from 'node:crypto';

/**
 * Compares in a time that depends on neither text: both sides are hashed to one length first, since
 * `timingSafeEqual` alone would tell by its exception that the lengths differ.
 */
export function equalSecrets(given: string, expected: string): boolean {
  return timingSafeEqual(hash('sha256', given, 'buffer'), hash('sha256', expected, 'buffer'));
}

/**
 * A static header: the value as configured, or, in `authorization`, after `Bearer`. Harbor and ACR send the
 * configured text verbatim, most others put a scheme before it; an operator should not have to know which.
 */
export function hasToken(header: string | null, token: string, isAuthorization: boolean): boolean {
  const given = header ?? '';
  const verbatim = equalSecrets(given, token);
  const bearer = isAuthorization && equalSecrets(given.replace(/^bearer +/i, ''), token);
  return header !== null && (verbatim || bearer);
}

/** HTTP Basic (RFC 7617, UTF-8). */
export function hasBasic(header: string | null, username: string, password: string): boolean {
  const match = /^basic +([A-Za-z0-9+/_=-]+)\s*$/i.exec(header ?? '');
  const given = Buffer.from(match?.[1] ?? '', 'base64').toString('utf8');
  return equalSecrets(given, `${username}:${password}`) && match !== null;
}
