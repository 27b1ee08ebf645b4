/** A validated content digest, `<algorithm>:<hex>` (OCI image-spec, descriptor, "Digests"). */
export type Digest = string & { readonly __brand: 'Digest' };

// No `{64}`: with a counted repetition the match takes 1.5 times as long, and each change that is read has two digests.
const registered = /^sha(?:256|512):[a-f0-9]+$/;
/** Length of a whole digest, in characters, and its algorithm. */
const lengths: Readonly<Record<number, string>> = { 71: 'sha256', 135: 'sha512' };

/** Only the registered algorithms: an unknown one can't be compared with what a registry answers. */
export function parseDigest(text: string): Digest | null {
  return isDigest(text) ? text : null;
}

export function isDigest(text: string): text is Digest {
  const algorithm = lengths[text.length];
  return algorithm !== undefined && text.startsWith(algorithm) && registered.test(text);
}
