const grammar = /^sha256-[a-f0-9]{64}(?:\.(?:sig|att|sbom))?$/;

/**
 * Whether a tag only stands for a digest: what cosign attaches to an image, and the index of referrers for registries
 * without that API (distribution-spec, "Referrers Tag Schema").
 */
export function isDigestTag(tag: string): boolean {
  return grammar.test(tag);
}
