/** HMAC signatures in hex, over exactly the bytes that were sent. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { type Headers, headerOf, type Proof } from '../kind.ts';
import { equalSecrets, titleCase } from './proofs.ts';

/** How a kind's sender signs with `secret`: hex, in any one of these headers. */
interface SignatureScheme {
  readonly algorithm: 'sha1' | 'sha256';
  /** What precedes the hex, by header name, in order of preference; the first one present counts. */
  readonly headers: Readonly<Record<string, string>>;
  /** The bytes that are signed: the raw body, or the JSON inside a form's `payload` (Gitea). */
  readonly covers: 'body' | 'payload';
  /** The header may hold the secret itself instead of a signature (JFrog, unless told to sign). */
  readonly orSecretItself?: boolean;
}

/** The proof of senders that sign. */
export function hmac(scheme: SignatureScheme): Proof {
  return {
    name: 'secret',
    settings: ['secret'],
    isAsked: (hook) => hook.secret !== undefined,
    expects: () => describe(scheme),
    checks: ({ secret = '' }) => ({
      head: ({ headers }) => mayBeSigned(scheme, headers),
      body: ({ headers, body }, payload) =>
        hasSignature(scheme, headers, scheme.covers === 'body' ? body : payload, secret),
    }),
  };
}

function describe({ algorithm, headers, covers, orSecretItself }: SignatureScheme): string {
  const names = Object.entries(headers).map(
    ([name, prefix]) => titleCase(name) + (prefix === '' ? '' : ` (after "${prefix}")`),
  );
  const signed = covers === 'body' ? 'the body' : 'the JSON';
  const or = orSecretItself === true ? ', or the secret itself' : '';
  return `header ${names.join(' or ')}: the HMAC-${algorithm.toUpperCase()} of ${signed} by secret, in hex${or}`;
}

const hexLength = { sha1: 40, sha256: 64 } as const;

function mayBeSigned(scheme: SignatureScheme, headers: Headers): boolean {
  const given = givenSignature(scheme, headers);
  return given !== null && (scheme.orSecretItself === true || isHexOf(scheme, given));
}

/** @param signed the bytes that the scheme covers */
function hasSignature(scheme: SignatureScheme, headers: Headers, signed: Buffer, secret: string): boolean {
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

/** Only the first header present counts: a sender puts the same signature into all of them. */
function givenSignature(scheme: SignatureScheme, headers: Headers): string | null {
  for (const name in scheme.headers) {
    const value = headerOf(headers, name);
    if (value === null) continue;
    const prefix = scheme.headers[name] ?? '';
    return value.startsWith(prefix) ? value.slice(prefix.length) : null;
  }
  return null;
}
