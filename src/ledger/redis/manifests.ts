import { type Digest, isContent } from '../../event/digest.ts';
import type { Platforms } from '../../event/platform.ts';
import { asCount, asList, asText, encodeForLua, orNull } from '../../redis/reply.ts';
import { type Manifest, type ManifestStore, maxParents, mergeManifest } from '../manifests.ts';
import type { ManifestLimits } from '../options.ts';
import { asDigest } from './codec.ts';
import type { RedisStore } from './store.ts';

/** Manifests that one script drops: some 5 ms. */
const maxDropped = 50;

interface Extra {
  readonly args?: readonly (string | Buffer)[];
  /** Of a claim, ms. */
  readonly forMs?: number;
}

/** The store of manifests that all gateways of one Redis share. `lua/manifests.lua` says how it is kept. */
export class RedisManifests implements ManifestStore {
  readonly #store: RedisStore;
  readonly #limits: ManifestLimits;
  readonly #name: string;

  /** @param name names this gateway in its claims */
  constructor(store: RedisStore, limits: ManifestLimits, name: string) {
    this.#store = store;
    this.#limits = limits;
    this.#name = name;
  }

  async get(digest: Digest): Promise<Manifest | null> {
    const [text, bytes] = await Promise.all([
      this.#run('get', digest),
      this.#store.link.use('read a manifest', (client) =>
        client.hgetBuffer(`${this.#store.keys.prefix}mb`, digest),
      ),
    ]);
    const facts = text === null ? null : readFacts(asText(text));
    if (facts === null) return null;
    // Any program can write to Redis.
    return { digest, ...facts, bytes: bytes !== null && isContent(digest, bytes) ? bytes : null };
  }

  async put(manifest: Manifest): Promise<void> {
    const { digest, mediaType, size, bytes, children, platforms } = mergeManifest(
      null,
      manifest,
      this.#limits.maxManifestBytes,
    );
    const facts = { mediaType, size, children: children.length === 0 ? null : children, platforms };
    const args = [encodeForLua(facts), Buffer.from(bytes ?? [])];
    let left = await this.#run('put', digest, { args });
    while (left === '1') left = await this.#run('drop', digest);
  }

  async parents(child: Digest): Promise<readonly Digest[]> {
    return asList(await this.#run('parents', child)).map(asDigest);
  }

  async claim(digest: Digest, forMs: number): Promise<boolean> {
    return (await this.#run('claim', digest, { forMs: Math.max(1, Math.ceil(forMs)) })) === '1';
  }

  async release(digest: Digest): Promise<void> {
    await this.#run('release', digest);
  }

  #run(op: string, digest: Digest, { args = [], forMs }: Extra = {}): Promise<unknown> {
    const { maxManifests, maxManifestsBytes } = this.#limits;
    const bounds = { maxManifests, maxManifestsBytes, maxParents, maxDropped };
    const call = { op, digest, ...bounds, name: this.#name, forMs: forMs ?? null };
    return this.#store.run('manifests', op === 'put' ? 'keep a manifest' : 'read a manifest', call, args);
  }
}

/** Null if no gateway stored it like this: it is fetched again. */
function readFacts(text: string): Omit<Manifest, 'digest' | 'bytes'> | null {
  try {
    const { mediaType, size, children, platforms }: Record<string, unknown> = JSON.parse(text);
    return {
      mediaType: asText(mediaType),
      size: asCount(size),
      children: (orNull(children, asList) ?? []).map(asDigest),
      platforms: orNull(platforms, readPlatforms),
    };
  } catch {
    return null;
  }
}

function readPlatforms(value: unknown): Platforms {
  // Lua has one kind of table: an empty object may come back as an empty list.
  return Object.fromEntries(
    Object.entries(Object(value)).map(([platform, digest]) => [platform, asDigest(digest)]),
  );
}
