import type { Digest } from '../../../event/digest.ts';
import { manifestsOf, movedBetween, type Platforms } from '../../../event/platform.ts';
import type { LedgerQueries } from '../../../ledger/queries.ts';
import type { Reading } from '../../../reading/reading.ts';

/** What a manifest says that matters here; its bytes are not kept. */
interface Facts {
  readonly platforms: Platforms | null;
  readonly hasChildren: boolean;
}

/** Whether images of one platform have moved, for one request: what several images name is read once. */
export class PlatformMoves {
  readonly #manifests: Pick<LedgerQueries['manifests'], 'get'>;
  readonly #reading: Pick<Reading, 'step'>;
  readonly #known = new Map<Digest, Promise<Facts | null>>();

  constructor(manifests: Pick<LedgerQueries['manifests'], 'get'>, reading: Pick<Reading, 'step'>) {
    this.#manifests = manifests;
    this.#reading = reading;
  }

  /**
   * Whether the platform's manifest differs between what a client has and what its tag points at now: an index may move
   * while the platform's manifest in it stays. The client may have the digest of either.
   *
   * @param platform canonical
   */
  async moved(
    platform: string,
    { before, now }: { readonly before: Digest; readonly now: Digest },
  ): Promise<{ readonly moved: boolean | null; readonly isCertain: boolean }> {
    const [had, has] = await Promise.all([this.#factsOf(before), this.#factsOf(now)]);
    const unknown = { moved: null, isCertain: false };
    if (has === null || has.platforms === null) return unknown;
    const current = manifestsOf(has.platforms, platform);
    if (current.includes(before)) return { moved: false, isCertain: true };
    if (had !== null && had.platforms !== null) {
      if (current.length + manifestsOf(had.platforms, platform).length === 0) return unknown;
      return { moved: movedBetween(had.platforms, has.platforms).includes(platform), isCertain: true };
    }
    // It is an index that we do not know, or the platform's manifest of another one.
    if (current.length === 0) return unknown;
    return { moved: true, isCertain: had !== null && !had.hasChildren };
  }

  #factsOf(digest: Digest): Promise<Facts | null> {
    const known = this.#known.get(digest) ?? this.#read(digest);
    this.#known.set(digest, known);
    return known;
  }

  async #read(digest: Digest): Promise<Facts | null> {
    const { manifest } = await this.#reading.step(async () => ({
      manifest: await this.#manifests.get(digest),
      looked: 1,
    }));
    if (manifest === null) return null;
    return { platforms: manifest.platforms, hasChildren: manifest.children.length > 0 };
  }
}
