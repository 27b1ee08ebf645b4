/** What the three forms of `tags/list` have: names, an index of descriptors, and Google's. */
import type { TagObserved } from '../../src/event/observation.ts';
import { lookedAt } from './ledger-samples.ts';
import { type ListAnswer, nginx } from './list-world.ts';

export const list = '/v2/library/nginx/tags/list';
export const indexType = 'application/vnd.oci.image.index.v1+json';
/** Asks for descriptors. */
export const described = { accept: indexType };

export function tagsOf({ text }: ListAnswer): string[] {
  return JSON.parse(text).tags;
}

export interface Entry {
  readonly mediaType: string;
  readonly size: number;
  readonly digest: string;
  readonly annotations: Record<string, string>;
}

export function entriesOf({ text }: ListAnswer): Entry[] {
  return JSON.parse(text).manifests;
}

export function refsOf(answer: ListAnswer): (string | undefined)[] {
  return entriesOf(answer).map(({ annotations }) => annotations['org.opencontainers.image.ref.name']);
}

/** A tag without media type and size, as some registries list it. */
export function bare(tag: string, word = tag): TagObserved {
  return lookedAt(tag, word, 0, { ...nginx, mediaType: null, size: null });
}
