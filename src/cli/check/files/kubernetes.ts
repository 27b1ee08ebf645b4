/**
 * Images of Kubernetes objects: those of `containers`, `initContainers` and `ephemeralContainers`, and of `volumes` of
 * the type `image`, wherever they are. So it reads Pods, everything with a Pod template, lists, and kinds of other
 * projects.
 */
import { type Digest, parseDigest } from '../../../event/digest.ts';
import { InputError } from '../../command.ts';
import type { Finds } from '../wanted.ts';
import { isMapping, type Mapping } from './yaml.ts';

/** How deep lists and mappings may lie in one another. Objects of Kubernetes have some twenty levels. */
export const maxDepth = 500;

const listNames = ['containers', 'initContainers', 'ephemeralContainers'];

/** Whether a YAML document is an object of Kubernetes (KEP: "TypeMeta"), or a list of some. */
export function isKubernetes(document: Mapping): boolean {
  return typeof document.apiVersion === 'string' && typeof document.kind === 'string';
}

/** What is around a list of containers. */
interface Owner {
  /** `Deployment/web` */
  readonly name: string;
  /** By container, of a Pod that runs: the digest of its image. */
  readonly digests: ReadonlyMap<string, Digest>;
}

/** Takes the images of one document. */
export function readKubernetes(path: string, document: Mapping, finds: Finds): void {
  const seen = new Set<object>();
  const walk = (value: unknown, around: Owner, depth: number): void => {
    if (typeof value !== 'object' || value === null || seen.has(value)) return;
    if (depth > maxDepth)
      throw new InputError(`read ${path}: nested deeper than ${maxDepth}: must be simpler`);
    // An anchor may contain its own alias.
    seen.add(value);
    const owner = isMapping(value) ? ownerOf(value, around) : around;
    for (const [name, member] of Object.entries(value)) {
      if (listNames.includes(name) && Array.isArray(member)) takeContainers(member, owner);
      if (name === 'volumes' && Array.isArray(member)) takeVolumes(member, owner);
      walk(member, owner, depth + 1);
    }
  };
  const takeContainers = (containers: readonly unknown[], { name: owner, digests }: Owner) => {
    for (const container of containers) {
      if (!isMapping(container) || typeof container.image !== 'string' || container.image === '') continue;
      const name = typeof container.name === 'string' ? container.name : '';
      const digest = digests.get(name);
      const place = `${path}: ${owner} ${name}`.trimEnd();
      finds.take(place, container.image, false, digest === undefined ? [] : [digest]);
    }
  };
  const takeVolumes = (volumes: readonly unknown[], { name: owner }: Owner) => {
    for (const volume of volumes) {
      const { name, image } = isMapping(volume) ? volume : {};
      if (!isMapping(image) || typeof image.reference !== 'string' || image.reference === '') continue;
      finds.take(`${path}: ${owner} volume ${String(name)}`, image.reference, false, []);
    }
  };
  walk(document, { name: 'object', digests: new Map() }, 0);
}

function ownerOf(value: Mapping, around: Owner): Owner {
  const digests = isMapping(value.status) ? digestsOf(value.status) : around.digests;
  return { name: nameOf(value, around.name), digests };
}

const statusNames = ['containerStatuses', 'initContainerStatuses', 'ephemeralContainerStatuses'];

/** `imageID` is `docker.io/library/nginx@sha256:…`; older ones have `docker-pullable://` before it. */
function digestsOf(status: Mapping): ReadonlyMap<string, Digest> {
  const digests = new Map<string, Digest>();
  for (const container of statusNames.flatMap((name) => status[name])) {
    if (!isMapping(container)) continue;
    const { name, imageID } = container;
    if (typeof name !== 'string' || typeof imageID !== 'string') continue;
    const digest = parseDigest(imageID.split('@')[1] ?? '');
    if (digest !== null) digests.set(name, digest);
  }
  return digests;
}

/** `Deployment/web`; of what is no object, that of the object around it. */
function nameOf({ kind, metadata }: Mapping, owner: string): string {
  if (typeof kind !== 'string') return owner;
  const name = isMapping(metadata) && typeof metadata.name === 'string' ? metadata.name : '';
  return name === '' ? kind : `${kind}/${name}`;
}
