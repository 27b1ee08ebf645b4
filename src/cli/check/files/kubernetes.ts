/**
 * Images of Kubernetes objects: those of `containers`, `initContainers` and `ephemeralContainers`, wherever they are. So
 * it reads Pods, everything with a Pod template, lists, and kinds of other projects.
 */
import type { Finds } from '../wanted.ts';
import { isMapping, type Mapping } from './yaml.ts';

const listNames = ['containers', 'initContainers', 'ephemeralContainers'];

/** Whether a YAML document is an object of Kubernetes (KEP: "TypeMeta"), or a list of some. */
export function isKubernetes(document: Mapping): boolean {
  return typeof document.apiVersion === 'string' && typeof document.kind === 'string';
}

/** Takes the images of one document. */
export function readKubernetes(path: string, document: Mapping, finds: Finds): void {
  const seen = new Set<object>();
  const walk = (value: unknown, owner: string): void => {
    if (typeof value !== 'object' || value === null || seen.has(value)) return;
    // An anchor may contain its own alias.
    seen.add(value);
    const inner = isMapping(value) ? nameOf(value, owner) : owner;
    for (const [name, member] of Object.entries(value)) {
      if (listNames.includes(name) && Array.isArray(member)) takeContainers(member, inner);
      walk(member, inner);
    }
  };
  const takeContainers = (containers: readonly unknown[], owner: string) => {
    for (const container of containers) {
      if (!isMapping(container) || typeof container.image !== 'string' || container.image === '') continue;
      const name = typeof container.name === 'string' ? ` ${container.name}` : '';
      finds.take(`${path}: ${owner}${name}`, container.image);
    }
  };
  walk(document, 'object');
}

/** `Deployment/web`; of what is no object, that of the object around it. */
function nameOf({ kind, metadata }: Mapping, owner: string): string {
  if (typeof kind !== 'string') return owner;
  const name = isMapping(metadata) && typeof metadata.name === 'string' ? metadata.name : '';
  return name === '' ? kind : `${kind}/${name}`;
}
