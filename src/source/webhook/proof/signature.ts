/** HMAC signatures in hex, over the very bytes that were sent. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { type Headers, headerOf, type SignatureScheme } from '../kind.ts';
import { equalSecrets } from './credentials.ts';

const hexLength = { sha1: 40, sha256: 64 } as const;

/**
 * Whether the head carries a signature that could fit, told by its form alone: a body without one need not be
 * read to be refused.
 */
export function mayBeSigned(scheme: SignatureScheme, headers: Headers): boolean {
  const given = givenSignature(scheme, headers);
  return given !== null && (scheme.orSecretItself === true || isHexOf(scheme, given));
}

/** @param signed the bytes that the scheme covers */
export function hasSignature(
  scheme: SignatureScheme,
  headers: Headers,
  signed: Buffer,
  secret: string,
): boolean {
  const given = givenSignature(scheme, headers);
  if (given === null) return false;
  if (scheme.orSecretItself === true && equalSecrets(given, secret)) return true;
  const expected = createHmac(scheme.algorithm, secret).update(signed).digest();
  const isHex = isHexOf(scheme, given);
  return (
    timingSafeEqual(isHex ? Buffer.from(given, 'hex') : Buffer.alloc(expected.length), expected) && isHex
  );
}

function isHexOf(scheme: SignatureScheme, given: string): boolean {
  return given.length === hexLength[scheme.algorithm] && /^[0-9a-f]+$/i.test(given);
}

/** The first header present counts, even where a later one would fit: a sender signs all of them alike. */
function givenSignature(scheme: SignatureScheme, headers: Headers): string | null {
  for (const { name, prefix } of scheme.headers) {
    const value = headerOf(headers, name);
    if (value === null) continue;
    return value.startsWith(prefix) ? value.slice(prefix.length) : null;
  }
  return null;
}
