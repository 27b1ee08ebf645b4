import { type Digest, parseDigest } from './digest.ts';

const grammar = /^sha256-([a-f0-9]{64})(?:\.(?:sig|att|sbom))?$/;

/** What every such tag begins with; in byte order it comes right before them all. */
export const digestTagPrefix = 'sha256-';

/**
 * Whether a tag only stands for a digest: what cosign attaches to an image, and the index of referrers for registries
 * without that API (distribution-spec, "Referrers Tag Schema").
 */
export function isDigestTag(tag: string): boolean {
  return grammar.test(tag);
}

/** The digest that such a tag stands for; null: it is none. */
export function subjectOf(tag: string): Digest | null {
  const hex = grammar.exec(tag)?.[1];
  return hex === undefined ? null : parseDigest(`sha256:${hex}`);
}
