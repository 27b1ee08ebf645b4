/** What a tag points at: from its row while that is fresh, otherwise from its registry. Never a stale digest. */
import { type RepositoryName, repositoryKey } from '../event/reference.ts';
import type { KnownTag, LedgerQueries } from '../ledger/queries.ts';
import { BoundedMap } from '../lib/bounded-map.ts';
import type { Clock } from '../lib/clock.ts';
import type { FetchOnce } from '../source/platforms/fetch-once.ts';
import type { LedgerView } from '../source/poll/ledger-view.ts';
import { matcherOf } from '../source/poll/scopes.ts';
import { headTag } from '../upstream/manifest.ts';
import { manifestNotAsked, manifestUnknown, nameUnknown, tooManyRequests } from './errors.ts';
import {
  type DatedRow,
  dated,
  type FreshTag,
  freshTag,
  isOvertaken,
  isWhole,
  type PartOfDescriptor,
  type Seen,
} from './freshness.ts';
import { filled, isKnown } from './known.ts';
import { refusalOf } from './refusal.ts';
import type { Tally } from './tally.ts';
import type { Questions, UpstreamRegistry, Upstreams } from './upstream.ts';

export interface FacadeRules {
  /** `facade.maxAge`, ms. */
  readonly maxAgeMs: number;
  /** `facade.maxListAge`, ms; null: twice the interval at which a repository is polled. */
  readonly maxListAgeMs: number | null;
  /** `facade.onDemand` */
  readonly onDemand: boolean;
  /** `registries[].trustWebhooks` */
  readonly trusts: (registry: string) => boolean;
}

export interface FacadeParts {
  readonly rules: FacadeRules;
  readonly queries: LedgerQueries;
  readonly ledger: Pick<LedgerView, 'observe' | 'baselines' | 'knownTags'>;
  readonly upstreams: Upstreams;
  /** Shared by all who fetch manifests in this gateway. */
  readonly once: FetchOnce;
  readonly clock: Clock;
  /** Default `maxRemembered`. */
  readonly maxRemembered?: number;
}

/** A repository, and how the client wrote it. */
export interface Named {
  readonly repository: RepositoryName;
  readonly name: string;
}

/** Answers of registries that each part remembers; the oldest are forgotten first. */
const maxRemembered = 10_000;

/** How often one request asks again because its answer was overtaken. */
const maxOvertaken = 2;
/** When to come back if it still was, ms. */
const overtakenMs = 1_000;

/** What is remembered of so many names that clients may make up. */
export function memoryOf<Value>(parts: Pick<FacadeParts, 'maxRemembered'>): BoundedMap<string, Value> {
  return new BoundedMap(parts.maxRemembered ?? maxRemembered);
}

export class Tags {
  readonly #parts: FacadeParts;
  readonly #looks: Questions<Seen>;
  readonly #seen: BoundedMap<string, Seen>;

  constructor(parts: FacadeParts) {
    this.#parts = parts;
    this.#looks = parts.upstreams.questions();
    this.#seen = memoryOf(parts);
  }

  /**
   * Where the tag points now, at most `maxAge` ago.
   *
   * @param isAgain what was known proved wrong: ask the registry in any case
   * @throws RegistryError MANIFEST_UNKNOWN, NAME_UNKNOWN, TOOMANYREQUESTS
   */
  async resolve(named: Named, tag: string, tally: Tally, isAgain = false): Promise<PartOfDescriptor> {
    const { repository, name } = named;
    let row = await this.#rowOf(repository, tag);
    let known: FreshTag = isAgain ? { kind: 'ask' } : this.#known(repository, tag, row);
    for (let asked = 0; asked <= maxOvertaken; asked += 1) {
      if (known.kind === 'gone') throw manifestUnknown(name, tag);
      if (known.kind === 'found') {
        // A GET needs no more than the digest, but must not be answered where a HEAD is refused.
        const whole = await filled(this.#parts.queries, known);
        if (isWhole(whole)) return whole;
      }
      const seen = await this.#ask(named, tag, row.row, tally);
      // Meanwhile a webhook may have told what is newer: a client that heard of that must not get less here.
      row = await this.#rowOf(repository, tag);
      if (!isOvertaken(seen, row)) {
        if (seen.kind === 'gone') throw manifestUnknown(name, tag);
        return seen;
      }
      known = this.#known(repository, tag, row);
    }
    throw tooManyRequests(
      'ask registry: the tag moves faster than it answers: must be asked again',
      overtakenMs,
    );
  }

  async #rowOf(repository: RepositoryName, tag: string): Promise<DatedRow> {
    const { clock } = this.#parts;
    const from = clock.monotonic();
    const [row = null] = await this.#parts.queries.states([{ ...repository, tag }]);
    // What waits is known already: no client may be told less, here or at another gateway.
    const known = row?.waiting === undefined ? row : { ...row, ...row.waiting };
    return dated(known, from, clock.monotonic());
  }

  #known(repository: RepositoryName, tag: string, row: DatedRow): FreshTag {
    const { rules, clock } = this.#parts;
    const trusted = rules.trusts(repository.registry);
    const seen = this.#seen.get(keyOf(repository, tag));
    return freshTag(row, seen, clock.monotonic(), { maxAgeMs: rules.maxAgeMs, trusted });
  }

  async #ask({ repository, name }: Named, tag: string, row: KnownTag | null, tally: Tally): Promise<Seen> {
    const { upstreams, queries, rules } = this.#parts;
    const { registry } = repository;
    const isHere = row !== null || (await isKnown(queries, upstreams, repository));
    if (!isHere && !(rules.onDemand && upstreams.knows(registry))) throw nameUnknown(name);
    // It can never be asked, and what is known is too old to tell.
    if (!upstreams.knows(registry)) throw manifestNotAsked(name, tag);
    const subject = `${repository.repository}:${tag}`;
    const answer = await this.#looks.ask(registry, subject, tally, (upstream) =>
      this.#look(upstream, repository, tag, row),
    );
    if (answer.isAnswered) return answer.value;
    throw refusalOf(answer, isHere ? null : name);
  }

  /** The poll's look at one tag: what it sees is recorded as any other look. */
  async #look(
    upstream: UpstreamRegistry,
    repository: RepositoryName,
    tag: string,
    row: KnownTag | null,
  ): Promise<Seen> {
    const basedOn = row?.sequence ?? -1;
    const look = { ...(await headTag(upstream.client, repository.repository, tag)), basedOn };
    await this.#record(upstream, repository, tag, row, look);
    this.#seen.renew(keyOf(repository, tag), look);
    return look;
  }

  async #record(
    upstream: UpstreamRegistry,
    { registry, repository }: RepositoryName,
    tag: string,
    row: KnownTag | null,
    look: Seen & { readonly basedOn: number },
  ): Promise<void> {
    const { ledger, clock } = this.#parts;
    const { basedOn } = look;
    const ageMs = clock.monotonic() - look.askedAt;
    const about = { registry, repository, tag, looked: true, ageMs, basedOn, origin: 'poll' } as const;
    if (look.kind === 'gone') {
      // Most tags gone at once are believed only after a second look, which the poller keeps count of.
      if (row?.present === true && upstream.polls(repository, tag)) await upstream.confirm(repository);
      else if (row !== null) await ledger.observe([{ kind: 'tag-gone', ...about }]);
      return;
    }
    const { digest, mediaType, size } = look;
    const isNews = row !== null || matcherOf(await ledger.baselines(registry, repository))(tag);
    const silent = isNews ? {} : ({ silent: true } as const);
    await ledger.observe([{ kind: 'tag', ...about, digest, mediaType, size, ...silent }]);
  }
}

function keyOf(repository: RepositoryName, tag: string): string {
  return `${repositoryKey(repository)}:${tag}`;
}
