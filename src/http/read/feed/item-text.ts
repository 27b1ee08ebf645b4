/** What people read of a change: a title of one line, and facts below it. Pure. */
import type { Change } from '../../../event/change.ts';
import type { Digest } from '../../../event/digest.ts';
import {
  canonicalRegistry,
  dockerHub,
  type RepositoryName,
  repositoryKey,
  splitHost,
} from '../../../event/reference.ts';

/** One line below the title. */
export type ItemFact = readonly [name: string, value: string];

/** `nginx:1.27 moved to sha256:0123456789ab…` */
export function titleOf(change: Change, defaultRegistry: string): string {
  const { type, tag, digest } = change;
  const name = shortName(change, defaultRegistry);
  const named = tag === null ? (digest === null ? name : `${name}@${short(digest)}`) : `${name}:${tag}`;
  const target = digest === null ? '' : short(digest);
  switch (type) {
    case 'tag.created':
      return target === '' ? `${named} was created` : `${named} was created at ${target}`;
    case 'tag.updated':
      return target === '' ? `${named} moved` : `${named} moved to ${target}`;
    case 'manifest.pushed':
      return `${named} was pushed`;
    case 'tag.deleted':
    case 'manifest.deleted':
      return `${named} was deleted`;
  }
}

/** Everything that is known of the change, in words. */
export function factsOf(change: Change): readonly ItemFact[] {
  const { type, tag, digest, previousDigest, mediaType, size, platforms } = change;
  const facts: readonly (readonly [string, string | null])[] = [
    [
      tag === null ? 'Repository' : 'Tag',
      tag === null ? repositoryKey(change) : `${repositoryKey(change)}:${tag}`,
    ],
    [tag === null ? 'Manifest' : 'Points to', digest ?? (type === 'tag.deleted' ? null : 'not known')],
    ['Before', previousDigest],
    ['Media type', mediaType],
    ['Size', size === null ? null : `${size} bytes`],
    ...Object.entries(platforms ?? {}),
    ['At the registry', new Date(change.occurredAt).toISOString()],
    ['Recorded', new Date(change.recordedAt).toISOString()],
    ['Source', change.origin],
  ];
  return facts.flatMap(([name, value]) => (value === null ? [] : [[name, value] as const]));
}

/** As a person would write it here: without the default registry, and without Docker Hub's `library/`. */
function shortName(name: RepositoryName, defaultRegistry: string): string {
  const { registry, repository } = name;
  if (registry !== canonicalRegistry(defaultRegistry)) return repositoryKey(name);
  const bare = registry === dockerHub ? repository.replace(/^library\/(?=[^/]+$)/, '') : repository;
  // A first segment with a dot would be read as a host.
  return splitHost(bare, defaultRegistry).name === bare ? bare : repositoryKey(name);
}

/** Hexadecimal digits of a digest in a title. */
const shownDigits = 12;

function short(digest: Digest): string {
  const colon = digest.indexOf(':');
  return `${digest.slice(0, colon + 1 + shownDigits)}…`;
}
