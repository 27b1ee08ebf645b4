/**
 * Reads the list of a repository's tags and hands the ledger what it lacks, so that the index is whole. Digests are
 * asked for only where a tag is news: most lists are asked for their names.
 */
import type { Observation } from '../event/observation.ts';
import { type RepositoryName, repositoryKey } from '../event/reference.ts';
import type { KnownTag, RepositoryState } from '../ledger/queries.ts';
import type { BoundedMap } from '../lib/bounded-map.ts';
import { generic } from '../source/poll/listers/generic.ts';
import { listBounds } from '../source/poll/listers/lister.ts';
import { massLossTags } from '../source/poll/losses.ts';
import { matcherOf } from '../source/poll/scopes.ts';
import { headTag } from '../upstream/manifest.ts';
import { UpstreamError } from '../upstream/upstream-error.ts';
import { type FacadeParts, memoryOf } from './tags.ts';
import type { UpstreamRegistry } from './upstream.ts';

/**
 * `unknown`: the registry has no such repository. `too-long`: it cannot be read to its end. `waiting`: the ledger has it
 * whole once what waits for its platforms is recorded.
 */
export type Relisted = 'whole' | 'unknown' | 'too-long' | 'waiting';

/** Tags that one reading asks for by HEAD. More news is recorded without a digest, more losses make it fail. */
export const maxHeads = 100;
/** A loss of most tags is believed if a reading at least this much later finds it too, ms. */
export const confirmMs = 60_000;
const batchSize = 500;
const statesAtOnce = 1_000;

export class Relist {
  readonly #parts: FacadeParts;
  /** When a reading first lacked most known tags, monotonic ms. */
  readonly #lostSince: BoundedMap<string, number>;

  constructor(parts: FacadeParts) {
    this.#parts = parts;
    this.#lostSince = memoryOf(parts);
  }

  /** @throws UpstreamError if the list is not certain */
  async run(
    upstream: UpstreamRegistry,
    of: RepositoryName,
    state: RepositoryState | null,
  ): Promise<Relisted> {
    const { client } = upstream;
    const request = { client, repository: of.repository, since: null, bounds: listBounds };
    const { rows, end, askedAt } = await generic.list(request);
    if (end === 'bounded') return 'too-long';
    if (end !== 'complete')
      throw new UpstreamError('invalid', `list tags of ${of.repository}: pages without end: must end`);
    const known = await this.#known(of);
    if (known === null) return 'too-long';
    // A registry answers for a repository that it does not have as for an empty one.
    if (rows.size === 0 && known.size === 0 && state === null) return 'unknown';
    await this.#recordNews(
      upstream,
      of,
      [...rows.keys()].filter((tag) => !known.has(tag)),
      askedAt,
    );
    const missing = [...known].filter((tag) => !rows.has(tag));
    const isForPoll =
      missing.length > 0 && state?.listed != null && upstream.polls(of.repository, missing[0] ?? '');
    if (isForPoll) await upstream.confirm(of.repository);
    else await this.#recordLosses(upstream, of, missing, known.size);
    // A list makes no change: tags of it wait.
    const waiting = await this.#observe(
      [{ kind: 'listed', ...of, whole: !isForPoll, looked: true, origin: 'poll' }],
      askedAt,
    );
    return waiting > 0 ? 'waiting' : 'whole';
  }

  /** Null: more than a list may have, so the registry has lost more than can be asked for one by one. */
  async #known({ registry, repository }: RepositoryName): Promise<ReadonlySet<string> | null> {
    const known = new Set<string>();
    for await (const { tag } of this.#parts.ledger.knownTags(registry, repository)) {
      if (known.size >= listBounds.maxTags) return null;
      known.add(tag);
    }
    return known;
  }

  /** Tags that the index lacks. Those that would be announced are asked for first, so that they have a digest. */
  async #recordNews(
    upstream: UpstreamRegistry,
    of: RepositoryName,
    tags: readonly string[],
    askedAt: number,
  ): Promise<void> {
    const isBaselined = matcherOf(await this.#parts.ledger.baselines(of.registry, of.repository));
    let heads = 0;
    for (let from = 0; from < tags.length; from += statesAtOnce) {
      const some = tags.slice(from, from + statesAtOnce);
      const states = await this.#parts.queries.states(some.map((tag) => ({ ...of, tag })));
      const fills: Observation[] = [];
      for (const [at, tag] of some.entries()) {
        const isNews = isBaselined(tag) || isRow(states[at]);
        if (isNews && heads < maxHeads) {
          heads += 1;
          await this.#head(upstream, of, tag);
        } else fills.push({ ...filled(of, tag), ...(isNews ? {} : { silent: true }) });
      }
      await this.#observe(fills, askedAt);
    }
  }

  /** Records a tag with its digest. Gone again: nothing was lost. */
  async #head(upstream: UpstreamRegistry, of: RepositoryName, tag: string): Promise<void> {
    const look = await headTag(upstream.client, of.repository, tag);
    if (look.kind === 'gone') return;
    const { digest, mediaType, size } = look;
    await this.#observe([{ ...filled(of, tag), digest, mediaType, size }], look.askedAt);
  }

  /** Says of a tag that it is gone only after a 404 of its own, and of most tags only at the second reading. */
  async #recordLosses(
    upstream: UpstreamRegistry,
    of: RepositoryName,
    missing: readonly string[],
    known: number,
  ): Promise<void> {
    const key = repositoryKey(of);
    if (!isMost(missing.length, known)) this.#lostSince.delete(key);
    else if (!this.#isConfirmed(key))
      throw new UpstreamError(
        'invalid',
        `list tags of ${of.repository}: lacks most known tags: asked again later`,
      );
    for (const tag of missing.slice(0, maxHeads)) {
      const look = await headTag(upstream.client, of.repository, tag);
      const gone = { kind: 'tag-gone', ...of, tag, looked: true, origin: 'poll' } as const;
      if (look.kind === 'gone') await this.#observe([gone], look.askedAt);
    }
    if (missing.length > maxHeads)
      throw new UpstreamError('invalid', `list tags of ${of.repository}: lacks ${missing.length} known tags`);
  }

  #isConfirmed(key: string): boolean {
    const now = this.#parts.clock.monotonic();
    const since = this.#lostSince.getOrMake(key, () => now);
    return now - since >= confirmMs;
  }

  /** Resolves with the changes that were made, or wait. */
  async #observe(observations: readonly Observation[], askedAt: number): Promise<number> {
    let changes = 0;
    for (let from = 0; from < observations.length; from += batchSize) {
      const ageMs = this.#parts.clock.monotonic() - askedAt;
      const batch = observations.slice(from, from + batchSize);
      changes += await this.#parts.ledger.observe(batch.map((one) => ({ ...one, ageMs })));
    }
    return changes;
  }
}

function filled(of: RepositoryName, tag: string) {
  const nothing = { digest: null, mediaType: null, size: null };
  return { kind: 'tag', ...of, tag, ...nothing, looked: true, origin: 'poll' } as const;
}

function isRow(state: KnownTag | null | undefined): boolean {
  return state !== null && state !== undefined;
}

/** As `isMassLoss`, by the list alone. */
function isMost(missing: number, known: number): boolean {
  return missing > 0 && (missing === known || (known >= massLossTags && missing > known / 2));
}
