/**
 * The ledger that is asked: tags pushed in turn, again and again, in repositories of 200; and two mirrors of one
 * repository, which nobody pushed to. Everything follows from numbers, so that nothing has to be remembered.
 */
import { hash } from 'node:crypto';
import { type Digest, parseDigest } from '../../src/event/digest.ts';
import type { TagName } from '../../src/ledger/queries.ts';

export const registry = 'registry.example.com:5000';
export const tagsPerRepository = 200;
export const mediaType = 'application/vnd.oci.image.index.v1+json';
export const size = 10_229;
export const origin = 'webhook:load';
/** How long the pushes took, ms: within the default of `retention.maxAge`. */
export const spanMs = 20 * 86_400_000;

export const mirrors = ['mirror-a/app', 'mirror-b/app'] as const;
/** Of the second mirror's tags, each with such a number is another than the first one's, or missing. */
const mirroredInVain = 200;

/** How large the ledger is. */
export interface Extent {
  /** Of all ordinary repositories. */
  readonly tags: number;
  /** At least as many. */
  readonly changes: number;
  /** Of each mirror. */
  readonly mirrorTags: number;
}

export function digestOf(text: string): Digest {
  const digest = parseDigest(`sha256:${hash('sha256', text)}`);
  if (digest === null) throw new Error('make a digest: sha256 gave none');
  return digest;
}

export class Content {
  readonly extent: Extent;
  readonly repositories: number;
  readonly endedAt: number;

  /** @param endedAt when the newest change was recorded, ms since the epoch */
  constructor(extent: Extent, endedAt: number) {
    this.extent = extent;
    this.repositories = Math.ceil(extent.tags / tagsPerRepository);
    this.endedAt = endedAt;
  }

  repository(r: number): string {
    return `team-${r % 100}/app-${r}`;
  }

  /** Neighbours are in different repositories. */
  tag(t: number): TagName {
    const repository = this.repository(t % this.repositories);
    return { registry, repository, tag: `1.${Math.floor(t / this.repositories)}.0` };
  }

  /** The tags of a repository, by number. */
  tagsOf(r: number): readonly number[] {
    const tags: number[] = [];
    for (let t = r; t < this.extent.tags; t += this.repositories) tags.push(t);
    return tags;
  }

  /** The sequences of the changes of a tag, oldest first. Change n is of tag n - 1, modulo all tags. */
  changesOf(t: number): readonly number[] {
    const sequences: number[] = [];
    for (let n = t + 1; n <= this.extent.changes; n += this.extent.tags) sequences.push(n);
    return sequences;
  }

  /** What a change made its tag point at: three neighbours have one digest. */
  digest(sequence: number): Digest {
    return digestOf(String(Math.floor(sequence / 3)));
  }

  /** When a change was recorded, ms since the epoch. */
  at(sequence: number): number {
    return this.endedAt - spanMs + Math.floor((spanMs * sequence) / this.extent.changes);
  }

  /** What a tag of a mirror points at; null: that mirror does not have it. */
  mirrored(mirror: (typeof mirrors)[number], n: number): Digest | null {
    const part = n % mirroredInVain;
    if (mirror === mirrors[0]) return part === 1 ? null : digestOf(`mirrored ${n}`);
    return part === 2 ? null : digestOf(`mirrored ${n}${part === 0 ? ' before' : ''}`);
  }
}
