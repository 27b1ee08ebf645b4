/** A validated content digest, `<algorithm>:<hex>` (OCI image-spec, descriptor, "Digests"). */
export type Digest = string & { readonly __brand: 'Digest' };

const registered = /^(?:sha256:[a-f0-9]{64}|sha512:[a-f0-9]{128})$/;

/** Only the registered algorithms: an unknown one can't be compared with what a registry answers. */
export function parseDigest(text: string): Digest | null {
  return isDigest(text) ? text : null;
}

export function isDigest(text: string): text is Digest {
  return registered.test(text);
}
