import { createHash } from 'node:crypto';

/** A validated content digest, `<algorithm>:<hex>` (OCI image-spec, descriptor, "Digests"). */
export type Digest = string & { readonly __brand: 'Digest' };

// A counted repetition (`{64}`) matches 1.5 times as slowly, and each change that is read has two digests.
const registered = /^sha(?:256|512):[a-f0-9]+$/;
/** Length of a whole digest in characters, and the algorithm that it belongs to. */
const lengths: Readonly<Record<number, string>> = { 71: 'sha256', 135: 'sha512' };

/** Null for an unregistered algorithm too: it cannot be compared with what a registry answers. */
export function parseDigest(text: string): Digest | null {
  return isDigest(text) ? text : null;
}

/** Whether a string is a digest of a registered algorithm. */
export function isDigest(text: string): text is Digest {
  const algorithm = lengths[text.length];
  return algorithm !== undefined && text.startsWith(algorithm) && registered.test(text);
}

/** Whether the bytes have the digest. A shared store may have been written by anyone: check what it returns. */
export function isContent(digest: Digest, bytes: Uint8Array): boolean {
  const [algorithm = '', hex] = digest.split(':');
  return createHash(algorithm).update(bytes).digest('hex') === hex;
}
