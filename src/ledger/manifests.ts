/**
 * Manifests by digest: what a digest is, once for all repositories, and for all gateways of one Redis. It is a cache:
 * what it lost is fetched again. Whether a repository holds a digest is the ledger's to say (`queries.ts`, `digests`):
 * bytes that happen to be here must not be served in another repository.
 *
 * Platforms are kept here too. They are a fact about the digest, cost one request to learn, and must be the same after
 * a restart; the ledger copies them into the change that it records.
 */
import { type Digest, isContent } from '../event/digest.ts';
import type { Platforms } from '../event/platform.ts';

export interface Manifest {
  readonly digest: Digest;
  readonly mediaType: string;
  /** Bytes of the manifest. */
  readonly size: number;
  /** Null: never fetched, too large, or dropped for newer ones. */
  readonly bytes: Uint8Array | null;
  /** The manifests of an index, in its order; empty for others. At most 256: further ones are not kept. */
  readonly children: readonly Digest[];
  /** Null: not known. */
  readonly platforms: Platforms | null;
}

export interface ManifestStore {
  /** Null: not known. What was asked for last is dropped last. */
  get(digest: Digest): Promise<Manifest | null>;
  /**
   * Keeps it. Bytes, children and platforms that the store has are not lost to a call that lacks them. Bytes beyond
   * `maxManifestBytes` are not kept; beyond `maxManifestsBytes` in all, those go that were asked for longest ago, and
   * beyond `maxManifests`, all that is known of them.
   *
   * @throws Error if the bytes are not those of the digest: the caller has checked what a registry sent
   */
  put(manifest: Manifest): Promise<void>;
  /** The known indexes that the manifest is a child of: at most 100, those kept last. */
  parents(child: Digest): Promise<readonly Digest[]>;
  /**
   * The right to fetch a manifest, for at most this long, ms. False: another gateway has it. Always true where no other
   * gateway shares the store: a gateway sees to it itself that it fetches once.
   */
  claim(digest: Digest, forMs: number): Promise<boolean>;
  /** Gives a claim back, whether the manifest was kept or not. Without a claim of this gateway it does nothing. */
  release(digest: Digest): Promise<void>;
}

export const maxChildren = 256;
export const maxParents = 100;

/** `next` with what `known` has and it lacks. @throws Error if its bytes are not those of its digest */
export function mergeManifest(known: Manifest | null, next: Manifest, maxBytes: number): Manifest {
  if (next.bytes !== null && !isContent(next.digest, next.bytes))
    throw new Error(`keep manifest ${next.digest}: other bytes: must be the bytes of the digest`);
  const kept = next.bytes !== null && next.bytes.length <= maxBytes ? next.bytes : null;
  const children = next.children.length > 0 ? next.children.slice(0, maxChildren) : (known?.children ?? []);
  return {
    ...next,
    bytes: kept ?? known?.bytes ?? null,
    children: [...new Set(children)],
    platforms: next.platforms ?? known?.platforms ?? null,
  };
}
