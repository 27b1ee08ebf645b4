import { createHash } from 'node:crypto';
import { type Digest, parseDigest } from '../../src/event/digest.ts';
import type {
  ManifestGone,
  ManifestObserved,
  RepositoryGone,
  ScopeBaselined,
  TagGone,
  TagObserved,
} from '../../src/event/observation.ts';

/** The sha256 of a word: a digest that is the same in every run. */
export function digestOf(word: string): Digest {
  const digest = parseDigest(`sha256:${createHash('sha256').update(word).digest('hex')}`);
  if (digest === null) throw new Error('make a digest: the hash is malformed');
  return digest;
}

export const manifestType = 'application/vnd.oci.image.manifest.v1+json';
export const where = { registry: 'registry.example.com:5000', repository: 'library/base' };
const origin = 'webhook:test';

/** Tag `tag` pointed at the digest of `word` (null: none named) as of `observedAt`. */
export function tagSeen(
  tag: string,
  word: string | null,
  observedAt: number,
  more: Partial<TagObserved> = {},
): TagObserved {
  const target =
    word === null
      ? { digest: null, mediaType: null, size: null }
      : { digest: digestOf(word), mediaType: manifestType, size: 1_000 + word.length };
  return { kind: 'tag', ...where, origin, tag, ...target, observedAt, ...more };
}

export function tagGone(tag: string, observedAt: number, more: Partial<TagGone> = {}): TagGone {
  return { kind: 'tag-gone', ...where, origin, tag, observedAt, ...more };
}

export function manifestSeen(
  word: string,
  observedAt: number,
  more: Partial<ManifestObserved> = {},
): ManifestObserved {
  const target = { digest: digestOf(word), mediaType: manifestType, size: 1_000 + word.length };
  return { kind: 'manifest', ...where, origin, ...target, observedAt, ...more };
}

export function manifestGone(
  word: string,
  observedAt: number,
  more: Partial<ManifestGone> = {},
): ManifestGone {
  return { kind: 'manifest-gone', ...where, origin, digest: digestOf(word), observedAt, ...more };
}

export function repositoryGone(observedAt: number, more: Partial<RepositoryGone> = {}): RepositoryGone {
  return { kind: 'repository-gone', ...where, origin, observedAt, ...more };
}

export function baselined(
  scope: string,
  observedAt: number,
  more: Partial<ScopeBaselined> = {},
): ScopeBaselined {
  return { kind: 'baseline', ...where, origin, scope, observedAt, ...more };
}
