/**
 * Lists of tags: whole or refused. A partial list tells renovate and flux that tags are gone. A list that is not known
 * whole and fresh is read anew from its registry, once for all who ask, and recorded.
 */
import { type RepositoryName, repositoryKey } from '../event/reference.ts';
import type { RepositoryState } from '../ledger/queries.ts';
import type { BoundedMap } from '../lib/bounded-map.ts';
import { listBounds } from '../source/poll/listers/lister.ts';
import { nameUnknown, notServed, tooManyRequests } from './errors.ts';
import { stateOf } from './known.ts';
import { refusalOf } from './refusal.ts';
import { Relist, type Relisted } from './relist.ts';
import { type FacadeParts, memoryOf, type Named } from './tags.ts';
import type { Tally } from './tally.ts';
import type { Questions } from './upstream.ts';

/** When to come back for tags that wait for their platforms, ms. */
const waitingMs = 1_000;
/** Lists that are read at once: each may have 50,000 tags. */
export const maxReadings = 8;
/** A list that is too long to be read is not tried again for this long, ms. */
const tooLongMs = 3_600_000;

export class WholeLists {
  readonly #parts: FacadeParts;
  readonly #relist: Relist;
  readonly #readings: Questions<Relisted>;
  /** Lists too long to be read, until when, monotonic ms. */
  readonly #tooLong: BoundedMap<string, number>;

  constructor(parts: FacadeParts) {
    this.#parts = parts;
    this.#tooLong = memoryOf(parts);
    this.#relist = new Relist(parts);
    this.#readings = parts.upstreams.questions(maxReadings);
  }

  /**
   * Resolves once the ledger has all tags of the repository, as of `facade.maxListAge` ago at most.
   *
   * @throws RegistryError NAME_UNKNOWN; UNSUPPORTED with 404 if it can never be known; TOOMANYREQUESTS
   */
  async requireWhole(named: Named, tally: Tally): Promise<void> {
    const { repository, name } = named;
    const state = await stateOf(this.#parts.queries, repository);
    if (this.#isFresh(repository, state)) return;
    const { upstreams, rules, clock } = this.#parts;
    const { registry } = repository;
    const isHere = state !== null || this.#intervalMs(repository) !== null;
    if (!isHere && !(rules.onDemand && upstreams.knows(registry))) throw nameUnknown(name);
    if (!upstreams.knows(registry))
      throw notServed('list tags: not known whole: its registry must be configured here, or be asked itself');
    if ((this.#tooLong.get(repositoryKey(repository)) ?? -Infinity) > clock.monotonic()) throw tooLong();
    const answer = await this.#readings.ask(registry, `${repository.repository} tags`, tally, (upstream) =>
      this.#relist.run(upstream, repository, state),
    );
    if (answer.isAnswered) {
      if (answer.value === 'whole') return;
      if (answer.value === 'unknown') throw nameUnknown(name);
      if (answer.value === 'waiting')
        throw tooManyRequests('list tags: some wait for their platforms: must be asked again', waitingMs);
      this.#tooLong.renew(repositoryKey(repository), clock.monotonic() + tooLongMs);
      throw tooLong();
    }
    if (answer.why !== 'missing') throw refusalOf(answer, isHere ? null : name);
    throw isHere ? notServed('list tags: its registry gives no list of them') : nameUnknown(name);
  }

  #isFresh(repository: RepositoryName, state: RepositoryState | null): boolean {
    const { rules } = this.#parts;
    const intervalMs = this.#intervalMs(repository);
    const usualMs = intervalMs === null ? rules.maxAgeMs : 2 * intervalMs;
    return isFreshList(state, rules.maxListAgeMs ?? usualMs, rules.trusts(repository.registry));
  }

  #intervalMs({ registry, repository }: RepositoryName): number | null {
    return this.#parts.upstreams.of(registry)?.pollIntervalMs(repository) ?? null;
  }
}

/** Whether the index has all tags of the repository, as of a look that is young enough. */
export function isFreshList(state: RepositoryState | null, maxAgeMs: number, trusted: boolean): boolean {
  const listed = state?.listed ?? null;
  if (listed === null) return false;
  return trusted || (listed.readAgeMs !== null && listed.readAgeMs < maxAgeMs);
}

function tooLong() {
  return notServed(`list tags: more than ${listBounds.maxTags} tags: must be asked of its registry`);
}
