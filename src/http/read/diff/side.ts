import { invalidParameter } from '../../../errors.ts';
import { type RepositoryName, repositoryOfKey } from '../../../event/reference.ts';
import { parseRepositoryName } from '../../../event/repository-pattern.ts';
import type { TagPlace } from '../../../ledger/queries.ts';
import { parseFolder } from '../prefix.ts';

/**
 * One side of a comparison: a repository, or a folder with every repository below it. What follows the side's name in
 * the name of a repository is its path: of the folder `ghcr.io/a/` the path of `ghcr.io/a/b` is `b`; a repository that
 * is a side itself has the path ''. Tags of both sides are compared where paths and tags are equal.
 */
export interface Side {
  readonly kind: 'repository' | 'folder';
  /** Canonical: `docker.io/library/nginx`, `ghcr.io/a/`, `docker.io/`. */
  readonly name: string;
}

/** Where a page of a comparison ended, for both sides. */
export interface DiffPlace {
  readonly path: string;
  readonly tag: string;
}

/**
 * Reads a repository, or with a slash behind it a folder; a host with a slash is all of a registry.
 *
 * @throws PARAMETER_INVALID naming `parameter`
 */
export function parseSide(text: string, parameter: string, defaultRegistry: string): Side {
  if (!text.endsWith('/'))
    return { kind: 'repository', name: parseRepositoryName(text, defaultRegistry, parameter, 'folder') };
  const { registry, path } = parseFolder(text, defaultRegistry, parameter);
  return { kind: 'folder', name: path === '' ? `${registry}/` : `${registry}/${path}/` };
}

/** @throws PARAMETER_INVALID naming `right` */
export function requireComparable(left: Side, right: Side): void {
  if (left.name === right.name)
    throw invalidParameter('right', `compare ${left.name}: with itself: must be another than left`);
  if (left.kind === right.kind) return;
  const words = { repository: 'a repository', folder: 'a prefix' };
  throw invalidParameter(
    'right',
    `compare ${left.name} with ${right.name}: ${words[left.kind]} with ${words[right.kind]}: must both end with "/", or neither`,
  );
}

/** The path of a repository; null: it is not of this side. @param key `registry/repository` */
export function pathOf(side: Side, key: string): string | null {
  if (side.kind === 'repository') return key === side.name ? '' : null;
  return key.startsWith(side.name) ? key.slice(side.name.length) : null;
}

/** The place of the ledger after which this side goes on; undefined: from the beginning. */
export function startOf(side: Side, after: DiffPlace | undefined): TagPlace | undefined {
  if (side.kind === 'repository')
    return after && { ...repositoryOfKey(side.name), tag: after.tag, updatedAt: 0 };
  const { registry, repository: folder } = repositoryOfKey(side.name);
  if (after !== undefined) return placeAt({ registry, repository: folder + after.path }, after.tag);
  // A repository `a` is not below the folder `a/`; this is right behind it, before all that are.
  return folder === '' ? undefined : placeAt({ registry, repository: folder }, '');
}

function placeAt(of: RepositoryName, tag: string): TagPlace {
  return { ...of, tag, updatedAt: 0 };
}
