/** A validated content digest, `<algorithm>:<hex>` (OCI image-spec, descriptor, "Digests"). */
export type Digest = string & { readonly __brand: 'Digest' };

// A counted repetition takes half as long again, and each change that is read has two digests.
const registered = /^sha(?:256|512):[a-f0-9]+$/;
/** Of a whole sha256 and sha512, characters. */
const lengths: Readonly<Record<number, string>> = { 71: 'sha256', 135: 'sha512' };

/** Only the registered algorithms: an unknown one can't be compared with what a registry answers. */
export function parseDigest(text: string): Digest | null {
  return isDigest(text) ? text : null;
}

export function isDigest(text: string): text is Digest {
  const algorithm = lengths[text.length];
  return algorithm !== undefined && text.startsWith(algorithm) && registered.test(text);
}
