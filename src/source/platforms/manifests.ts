import type { Digest } from '../../event/digest.ts';
import { isOfOnePlatform, readManifest } from '../../event/manifest.ts';
import type { Platforms } from '../../event/platform.ts';
import type { RepositoryName } from '../../event/reference.ts';
import type { Manifest, ManifestStore } from '../../ledger/manifests.ts';
import type { FetchedManifest } from '../../upstream/manifest.ts';
import type { FetchOnce } from './fetch-once.ts';

/** Asks a registry for a manifest. The poller implements it. */
export interface ManifestSource {
  /**
   * Null: the registry does not have it, or cannot be asked now. Must not reject.
   *
   * The registry is not asked if it allows no request within `withinMs`. `urgent` goes before the looks of polls.
   */
  manifest(of: RepositoryName, digest: Digest, how: How): Promise<FetchedManifest | null>;
}

interface How {
  readonly withinMs: number;
  readonly urgent: boolean;
  readonly signal: AbortSignal;
}

/** A manifest to learn about. */
export interface Asked extends RepositoryName {
  readonly digest: Digest;
  /** As a source said it; null: unknown. */
  readonly mediaType: string | null;
}

/** Learns what manifests hold: from the store, otherwise with one request for all who ask at the same time. */
export class KnownManifests {
  readonly #store: Pick<ManifestStore, 'put'>;
  readonly #source: ManifestSource;
  readonly #once: FetchOnce;

  /** @param once shared by all who fetch in this gateway */
  constructor(store: Pick<ManifestStore, 'put'>, source: ManifestSource, once: FetchOnce) {
    this.#store = store;
    this.#source = source;
    this.#once = once;
  }

  /**
   * Its platforms; null: not known. A manifest of one platform is not fetched: its platform stands in its config.
   *
   * @param withinMs how long the caller waits
   */
  async platformsOf(asked: Asked, withinMs: number, signal: AbortSignal): Promise<Platforms | null> {
    if (isOfOnePlatform(asked.mediaType)) return null;
    const how = { withinMs, urgent: true, signal };
    const isRead = ({ platforms, bytes, mediaType }: Manifest) =>
      platforms !== null || bytes !== null || isOfOnePlatform(mediaType);
    const manifest = await this.#once.get({ ...asked, ...how }, isRead, () => this.#fetch(asked, how));
    return manifest?.platforms ?? null;
  }

  /** Fetches its bytes into the store, unless they are there. */
  async keep(asked: Asked, withinMs: number, signal: AbortSignal): Promise<void> {
    const how = { withinMs, urgent: false, signal };
    const isKept = ({ bytes }: Manifest) => bytes !== null;
    await this.#once.get({ ...asked, ...how }, isKept, () => this.#fetch(asked, how));
  }

  async #fetch({ registry, repository, digest }: Asked, how: How): Promise<Manifest | null> {
    const fetched = await this.#source.manifest({ registry, repository }, digest, how);
    const content = fetched === null ? null : readManifest(fetched.bytes, fetched.mediaType);
    if (fetched === null || content === null) return null;
    const { bytes } = fetched;
    const manifest = { digest, ...content, size: bytes.length, bytes };
    await this.#store.put(manifest);
    return manifest;
  }
}
