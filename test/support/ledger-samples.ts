import { createHash } from 'node:crypto';
import { type Digest, parseDigest } from '../../src/event/digest.ts';
import type {
  ManifestGone,
  ManifestObserved,
  RepositoryGone,
  ScopeBaselined,
  TagGone,
  TagObserved,
  TagsListed,
} from '../../src/event/observation.ts';

/** The sha256 of a string: a digest that is the same in every run. */
export function digestOf(word: string): Digest {
  const digest = parseDigest(`sha256:${createHash('sha256').update(word).digest('hex')}`);
  if (digest === null) throw new Error('make a digest: the hash is malformed');
  return digest;
}

export const manifestType = 'application/vnd.oci.image.manifest.v1+json';
export const where = { registry: 'registry.example.com:5000', repository: 'library/base' };
/** Another repository, at another registry. */
export const hub = { registry: 'docker.io', repository: 'library/nginx' };
const origin = 'webhook:test';

/** A look at the tag, `ageMs` ago. */
export function lookedAt(tag: string, word: string, ageMs = 0, more: Partial<TagObserved> = {}): TagObserved {
  const { saidAt: _, ...seen } = tagSeen(tag, word, 0);
  return { ...seen, origin: 'poll', looked: true, ageMs, ...more };
}

/** Tag `tag` pointed at the digest of `word` (null: none named) by a sender's time. */
export function tagSeen(
  tag: string,
  word: string | null,
  saidAt: number,
  more: Partial<TagObserved> = {},
): TagObserved {
  const target =
    word === null
      ? { digest: null, mediaType: null, size: null }
      : { digest: digestOf(word), mediaType: manifestType, size: 1_000 + word.length };
  return { kind: 'tag', ...where, origin, tag, ...target, saidAt, ...more };
}

export function tagGone(tag: string, saidAt: number, more: Partial<TagGone> = {}): TagGone {
  return { kind: 'tag-gone', ...where, origin, tag, saidAt, ...more };
}

export function manifestSeen(
  word: string,
  saidAt: number,
  more: Partial<ManifestObserved> = {},
): ManifestObserved {
  const target = { digest: digestOf(word), mediaType: manifestType, size: 1_000 + word.length };
  return { kind: 'manifest', ...where, origin, ...target, saidAt, ...more };
}

export function manifestGone(word: string, saidAt: number, more: Partial<ManifestGone> = {}): ManifestGone {
  return { kind: 'manifest-gone', ...where, origin, digest: digestOf(word), saidAt, ...more };
}

export function repositoryGone(saidAt: number, more: Partial<RepositoryGone> = {}): RepositoryGone {
  return { kind: 'repository-gone', ...where, origin, saidAt, ...more };
}

export function baselined(scope: string, saidAt: number, more: Partial<ScopeBaselined> = {}): ScopeBaselined {
  return { kind: 'baseline', ...where, origin, scope, saidAt, ...more };
}

/** A poll has read the list of tags, `ageMs` ago. */
export function listed(whole: boolean, ageMs = 0, more: Partial<TagsListed> = {}): TagsListed {
  return { kind: 'listed', ...where, origin: 'poll', looked: true, ageMs, whole, ...more };
}
