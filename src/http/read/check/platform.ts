import type { Digest } from '../../../event/digest.ts';
import { isOfOnePlatform } from '../../../event/manifest.ts';
import { manifestsOf, movedBetween, type Platforms } from '../../../event/platform.ts';
import type { RepositoryName } from '../../../event/reference.ts';
import type { LedgerQueries } from '../../../ledger/queries.ts';
import type { Reading } from '../../../reading/reading.ts';

/** What a manifest says that matters here; its bytes are not kept. */
interface Facts {
  readonly mediaType: string | null;
  readonly platforms: Platforms | null;
}

/** What a client has of an image, and what its tag points at now. */
export interface Move {
  readonly repository: RepositoryName;
  readonly before: Digest;
  /** With its media type; null: not known. */
  readonly now: { readonly digest: Digest; readonly mediaType: string | null };
}

/** Whether it moved; null: not known. `isCertain`: whether that is in no doubt. */
export interface Moved {
  readonly moved: boolean | null;
  readonly isCertain: boolean;
}

const unknown: Moved = { moved: null, isCertain: false };

type Parts = Pick<LedgerQueries, 'digests'> & { readonly manifests: Pick<LedgerQueries['manifests'], 'get'> };

/** Whether images of one platform have moved, for one request: what several images name is read once. */
export class PlatformMoves {
  readonly #ledger: Parts;
  readonly #reading: Pick<Reading, 'step'>;
  readonly #known = new Map<Digest, Promise<Facts | null>>();

  constructor(ledger: Parts, reading: Pick<Reading, 'step'>) {
    this.#ledger = ledger;
    this.#reading = reading;
  }

  /**
   * Whether the platform's manifest differs between what a client has and what its tag points at now: an index may move
   * while the platform's manifest in it stays. The client may have the digest of either. If the tag now points at a
   * manifest of one platform, that is what any client gets.
   *
   * @param platform canonical
   */
  async moved(platform: string, { repository, before, now }: Move): Promise<Moved> {
    const [had, has] = await Promise.all([this.#factsOf(before), this.#factsOf(now.digest)]);
    const isIndex = has !== null && has.platforms !== null;
    if (!isIndex && !isOfOnePlatform(has?.mediaType ?? now.mediaType)) return unknown;
    const current = isIndex ? manifestsOf(has.platforms, platform) : [now.digest];
    if (current.includes(before)) return { moved: false, isCertain: true };
    if (had !== null && had.platforms !== null) {
      const former = manifestsOf(had.platforms, platform);
      if (!isIndex) return former.length === 0 ? unknown : known(!former.includes(now.digest));
      if (current.length + former.length === 0) return unknown;
      return known(movedBetween(had.platforms, has.platforms).includes(platform));
    }
    if (current.length === 0) return unknown;
    // It is an index that we do not know, or a manifest of one platform, which is another one.
    const mediaType = had === null ? await this.#mediaTypeOf(repository, before) : had.mediaType;
    return { moved: true, isCertain: isOfOnePlatform(mediaType) };
  }

  #factsOf(digest: Digest): Promise<Facts | null> {
    const known = this.#known.get(digest) ?? this.#read(digest);
    this.#known.set(digest, known);
    return known;
  }

  async #read(digest: Digest): Promise<Facts | null> {
    const { manifest } = await this.#reading.step(async () => ({
      manifest: await this.#ledger.manifests.get(digest),
      looked: 1,
    }));
    return manifest === null ? null : { mediaType: manifest.mediaType, platforms: manifest.platforms };
  }

  /** As the repository knows it from an earlier push or look; null: not known. */
  async #mediaTypeOf(repository: RepositoryName, digest: Digest): Promise<string | null> {
    const { held } = await this.#reading.step(async () => ({
      held: await this.#ledger.digests(repository, [digest]),
      looked: 1,
    }));
    return held[0]?.mediaType ?? null;
  }
}

function known(moved: boolean): Moved {
  return { moved, isCertain: true };
}
