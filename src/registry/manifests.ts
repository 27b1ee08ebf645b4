/**
 * Manifests by digest. One is served only in a repository that is known to hold it, never because its bytes happen to
 * be in the store. Bytes are fetched once per digest for all gateways: on Docker Hub a GET counts as a pull.
 */
import { type Digest, isContent } from '../event/digest.ts';
import { readManifest } from '../event/manifest.ts';
import { type RepositoryName, repositoryKey } from '../event/reference.ts';
import type { Manifest } from '../ledger/manifests.ts';
import type { KnownDigest } from '../ledger/queries.ts';
import type { BoundedMap } from '../lib/bounded-map.ts';
import { getManifest, headTag } from '../upstream/manifest.ts';
import { manifestNotAsked, manifestUnknown, nameUnknown, RegistryError } from './errors.ts';
import { type Descriptor, isWhole, type PartOfDescriptor, type Seen } from './freshness.ts';
import { filled, isKnown } from './known.ts';
import { refusalOf } from './refusal.ts';
import { type FacadeParts, memoryOf, type Named } from './tags.ts';
import type { Tally } from './tally.ts';
import { type Answered, answerTimeoutMs, type Questions, type UpstreamRegistry } from './upstream.ts';

/** Larger ones are never fetched: what registries should accept at least (distribution-spec). */
export const maxManifestBytes = 4 * 1024 * 1024;

/** Manifests that are fetched at once. */
export const maxFetches = 32;

/** A manifest with its bytes. */
export interface ManifestBytes extends Manifest {
  readonly bytes: Uint8Array;
}

export class Manifests {
  readonly #parts: FacadeParts;
  /** Digests that a registry said not to have in a repository. */
  readonly #gone: BoundedMap<string, number>;
  readonly #looks: Questions<Seen>;
  readonly #fetches: Questions<ManifestBytes | null>;

  constructor(parts: FacadeParts) {
    this.#parts = parts;
    this.#gone = memoryOf(parts);
    this.#looks = parts.upstreams.questions();
    this.#fetches = parts.upstreams.questions(maxFetches);
  }

  /**
   * What the repository holds under the digest.
   *
   * @throws RegistryError MANIFEST_UNKNOWN, NAME_UNKNOWN, TOOMANYREQUESTS
   */
  async find({ repository, name }: Named, digest: Digest, tally: Tally): Promise<PartOfDescriptor> {
    const [held = null] = await this.#parts.queries.digests(repository, [digest]);
    if (held?.present === false) throw manifestUnknown(name, digest);
    if (held !== null) return { digest, mediaType: held.mediaType, size: held.size };
    if (await this.#isChild(repository, digest)) return { digest, mediaType: null, size: null };
    return this.#ask({ repository, name }, digest, tally);
  }

  /** The whole descriptor of what the repository holds; null: the registry does not have it. @throws as `find` */
  async describe(named: Named, part: PartOfDescriptor, tally: Tally): Promise<Descriptor | null> {
    if (isWhole(part)) return part;
    const known = await filled(this.#parts.queries, part);
    if (isWhole(known)) return known;
    const asked = await this.#ask(named, part.digest, tally);
    // A registry that names no length of a HEAD: only the bytes tell.
    return isWhole(asked) ? asked : this.#fetch(named, part.digest, tally);
  }

  /** The manifest that the repository holds; null: the registry does not have it. @throws as `find` */
  async read(named: Named, part: PartOfDescriptor, tally: Tally): Promise<ManifestBytes | null> {
    const { digest } = part;
    const stored = await this.#parts.queries.manifests.get(digest);
    if (stored !== null && stored.bytes !== null && isContent(digest, stored.bytes))
      return { ...stored, mediaType: part.mediaType ?? stored.mediaType, bytes: stored.bytes };
    if ((part.size ?? stored?.size ?? 0) > maxManifestBytes) throw tooLarge();
    const fetched = await this.#fetch(named, digest, tally);
    return fetched === null ? null : { ...fetched, mediaType: part.mediaType ?? fetched.mediaType };
  }

  /**
   * What the registry says of the digest in the repository, at most `maxAge` ago, whatever is known here. The caller
   * has checked that the gateway may ask: a client must not make up names.
   */
  async look(repository: RepositoryName, digest: Digest, tally: Tally): Promise<Answered<Seen>> {
    const { rules, clock } = this.#parts;
    const askedAt = this.#gone.get(goneKey(repository, digest));
    if (askedAt !== undefined && clock.monotonic() - askedAt < rules.maxAgeMs)
      return { isAnswered: true, value: { kind: 'gone', askedAt } };
    const subject = `${repository.repository}@${digest}`;
    return this.#looks.ask(repository.registry, subject, tally, (upstream) =>
      this.#look(upstream, repository, digest),
    );
  }

  /** Whether it is a child of an index that the repository holds. */
  async #isChild(repository: RepositoryName, digest: Digest): Promise<boolean> {
    const { queries } = this.#parts;
    const parents = await queries.manifests.parents(digest);
    if (parents.length === 0) return false;
    return (await queries.digests(repository, parents)).some(
      (parent: KnownDigest | null) => parent?.present === true,
    );
  }

  async #ask({ repository, name }: Named, digest: Digest, tally: Tally): Promise<PartOfDescriptor> {
    const { upstreams, queries, rules } = this.#parts;
    const { registry } = repository;
    const isHere = await isKnown(queries, upstreams, repository);
    if (!isHere && !(rules.onDemand && upstreams.knows(registry))) throw nameUnknown(name);
    if (!upstreams.knows(registry)) throw manifestNotAsked(name, digest);
    const answer = await this.look(repository, digest, tally);
    if (!answer.isAnswered) throw refusalOf(answer, isHere ? null : name);
    if (answer.value.kind === 'gone') throw manifestUnknown(name, digest);
    return answer.value;
  }

  async #look(upstream: UpstreamRegistry, of: RepositoryName, digest: Digest): Promise<Seen> {
    const { ledger, clock } = this.#parts;
    const look = await headTag(upstream.client, of.repository, digest);
    // An answer about another digest is none about this one.
    if (look.kind === 'gone' || look.digest !== digest) {
      this.#gone.renew(goneKey(of, digest), look.askedAt);
      return { kind: 'gone', askedAt: look.askedAt };
    }
    const { mediaType, size, askedAt } = look;
    const seen = { ...of, digest, mediaType, size, looked: true, silent: true, origin: 'poll' } as const;
    await ledger.observe([{ kind: 'manifest', ...seen, ageMs: clock.monotonic() - askedAt }]);
    return look;
  }

  async #fetch({ repository, name }: Named, digest: Digest, tally: Tally): Promise<ManifestBytes | null> {
    const { upstreams } = this.#parts;
    const subject = `${repository.repository} GET ${digest}`;
    if (!upstreams.knows(repository.registry)) throw manifestNotAsked(name, digest);
    const answer = await this.#fetches.ask(repository.registry, subject, tally, (upstream) =>
      this.#getOnce(upstream, repository, digest),
    );
    if (answer.isAnswered) return answer.value;
    throw answer.why === 'too-large' ? tooLarge() : refusalOf(answer, null);
  }

  /** What another gateway fetches, or this one for platforms, is waited for at most half of the client's time. */
  async #getOnce(
    upstream: UpstreamRegistry,
    of: RepositoryName,
    digest: Digest,
  ): Promise<ManifestBytes | null> {
    const { signal } = new AbortController();
    let asked: Promise<ManifestBytes | null> | undefined;
    const ask = () => {
      asked ??= this.#get(upstream, of.repository, digest);
      return asked;
    };
    const found = await this.#parts.once.get(
      { ...of, digest, withinMs: answerTimeoutMs, signal },
      ({ bytes }) => bytes !== null && isContent(digest, bytes),
      () => ask().catch(() => null),
    );
    // What the registry said to another question, or of another repository, is no answer to this one.
    return hasBytes(found) ? found : ask();
  }

  async #get(
    { client }: UpstreamRegistry,
    repository: string,
    digest: Digest,
  ): Promise<ManifestBytes | null> {
    const fetched = await getManifest(client, repository, digest);
    const content = fetched === null ? null : readManifest(fetched.bytes, fetched.mediaType);
    if (fetched === null || content === null) return null;
    const { bytes } = fetched;
    // As the registry calls it: HEAD says the same.
    const mediaType = fetched.mediaType ?? content.mediaType;
    const manifest = { digest, ...content, mediaType, size: bytes.length, bytes };
    await this.#parts.queries.manifests.put(manifest);
    return manifest;
  }
}

function hasBytes(manifest: Manifest | null): manifest is ManifestBytes {
  return manifest !== null && manifest.bytes !== null;
}

function goneKey(repository: RepositoryName, digest: Digest): string {
  return `${repositoryKey(repository)}@${digest}`;
}

function tooLarge(): RegistryError {
  return new RegistryError(
    'MANIFEST_UNKNOWN',
    `get manifest: larger than ${maxManifestBytes} bytes: must be asked of its registry`,
  );
}
