import type { Digest } from '../../event/digest.ts';
import { type Manifest, type ManifestStore, maxParents, mergeManifest } from '../manifests.ts';
import type { ManifestLimits } from '../options.ts';

export class MemoryManifests implements ManifestStore {
  readonly #limits: ManifestLimits;
  /** Asked for longest ago first. */
  readonly #manifests = new Map<Digest, Manifest>();
  /** Those with bytes, in the same order. */
  readonly #withBytes = new Map<Digest, number>();
  /** Child to its indexes, kept last last. */
  readonly #parents = new Map<Digest, Set<Digest>>();
  #bytes = 0;

  constructor(limits: ManifestLimits) {
    this.#limits = limits;
  }

  async get(digest: Digest): Promise<Manifest | null> {
    const manifest = this.#manifests.get(digest);
    if (manifest === undefined) return null;
    this.#store(manifest);
    return manifest;
  }

  async put(next: Manifest): Promise<void> {
    const { maxManifestBytes, maxManifests, maxManifestsBytes } = this.#limits;
    const merged = mergeManifest(this.#manifests.get(next.digest) ?? null, next, maxManifestBytes);
    this.#store(merged);
    for (const child of merged.children) this.#link(child, merged.digest);
    for (const digest of this.#withBytes.keys()) {
      if (this.#bytes <= maxManifestsBytes) break;
      this.#dropBytes(digest);
    }
    for (const digest of this.#manifests.keys()) {
      if (this.#manifests.size <= maxManifests) break;
      this.#forget(digest);
    }
  }

  async claim(): Promise<boolean> {
    return true;
  }

  async release(): Promise<void> {}

  async parents(child: Digest): Promise<readonly Digest[]> {
    return [...(this.#parents.get(child) ?? [])];
  }

  /** As the one asked for last. */
  #store(manifest: Manifest): void {
    const { digest, bytes } = manifest;
    this.#manifests.delete(digest);
    this.#manifests.set(digest, manifest);
    this.#bytes -= this.#withBytes.get(digest) ?? 0;
    this.#withBytes.delete(digest);
    if (bytes === null) return;
    this.#withBytes.set(digest, bytes.length);
    this.#bytes += bytes.length;
  }

  #link(child: Digest, parent: Digest): void {
    const parents = this.#parents.get(child) ?? new Set();
    parents.delete(parent);
    this.#parents.set(child, parents.add(parent));
    for (const oldest of parents) if (parents.size > maxParents) parents.delete(oldest);
  }

  #dropBytes(digest: Digest): void {
    this.#bytes -= this.#withBytes.get(digest) ?? 0;
    this.#withBytes.delete(digest);
    const manifest = this.#manifests.get(digest);
    // Its place in the order stays.
    if (manifest !== undefined) this.#manifests.set(digest, { ...manifest, bytes: null });
  }

  #forget(digest: Digest): void {
    this.#dropBytes(digest);
    for (const child of this.#manifests.get(digest)?.children ?? []) {
      const parents = this.#parents.get(child);
      parents?.delete(digest);
      if (parents?.size === 0) this.#parents.delete(child);
    }
    this.#manifests.delete(digest);
  }
}
