/** The lists under `/v2` over a ledger in memory, with a clock and a registry that the test moves. */
import { ManifeedError } from '../../src/errors.ts';
import type { Grant } from '../../src/event/grant.ts';
import type { Observation } from '../../src/event/observation.ts';
import { type RepositoryName, repositoryKey } from '../../src/event/reference.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { openMemoryLedger } from '../../src/ledger/memory/memory.ts';
import type { LedgerLimits } from '../../src/ledger/options.ts';
import { noMetrics } from '../../src/lib/metrics.ts';
import { OneATurn } from '../../src/lib/one-a-turn.ts';
import { Reading } from '../../src/reading/reading.ts';
import { RegistryApi } from '../../src/registry/api.ts';
import { catalog } from '../../src/registry/endpoints/catalog.ts';
import { chainguardHistory } from '../../src/registry/endpoints/chainguard-history.ts';
import { discover } from '../../src/registry/endpoints/discover.ts';
import { referrers } from '../../src/registry/endpoints/referrers.ts';
import { repositories } from '../../src/registry/endpoints/repositories.ts';
import { tagHistory } from '../../src/registry/endpoints/tag-history.ts';
import { tagsList } from '../../src/registry/endpoints/tags-list.ts';
import { inSpecification, manifestUnknown, nameUnknown, RegistryError } from '../../src/registry/errors.ts';
import type { PartOfDescriptor } from '../../src/registry/freshness.ts';
import { Names } from '../../src/registry/names.ts';
import { Tallies } from '../../src/registry/tally.ts';
import { type FakeClock, fakeClock } from './fake-clock.ts';
import { lookedAt } from './ledger-samples.ts';

export const nginx = { registry: 'docker.io', repository: 'library/nginx' };

/** One answer, with what tests look at. */
export interface ListAnswer {
  readonly status: number;
  readonly code: string | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  /** The path that `Link` names; null: none. */
  readonly next: string | null;
}

export interface Asking {
  readonly accept?: string;
  /** Canonical repositories that the token covers; absent: all. */
  readonly grants?: readonly string[];
  /** Whether a repository is granted; absent: if it is in `grants`. */
  readonly allows?: (key: string) => boolean;
  /** Whether the client has left. Default false. */
  readonly isGone?: () => boolean;
}

/** Of hosts that are served. */
const hosts = ['a.io', 'docker.io', 'r.io', 'r.io:5000', 'r.io.b'];

export class ListWorld {
  readonly clock: FakeClock;
  /** Repositories of which a whole list was asked for. */
  readonly wholes: string[] = [];
  /** Tags at which the registry was asked. */
  readonly looks: string[] = [];
  /** Runs while the registry is asked for a tag. What it returns is the answer; by default what the ledger knows then. */
  registry: (key: string) => Promise<PartOfDescriptor | undefined> = async () => undefined;
  /** Repositories of which there is no whole list. */
  readonly notWhole = new Set<string>();
  readonly ledger: Ledger;
  readonly #api: RegistryApi;
  readonly #turns = new OneATurn();

  private constructor(ledger: Ledger, clock: FakeClock) {
    this.ledger = ledger;
    this.clock = clock;
    const serves = (host: string) => hosts.includes(host);
    const parts = {
      ...{ ledger, serves, tallies: new Tallies(noMetrics) },
      wholeLists: {
        requireWhole: async ({ repository, name }: { repository: RepositoryName; name: string }) => {
          this.wholes.push(repositoryKey(repository));
          if (this.notWhole.has(repositoryKey(repository))) throw nameUnknown(name);
        },
      },
      tags: {
        resolve: async ({ repository, name }: { repository: RepositoryName; name: string }, tag: string) => {
          this.looks.push(`${repositoryKey(repository)}:${tag}`);
          const said = await this.registry(`${repositoryKey(repository)}:${tag}`);
          if (said !== undefined) return said;
          const [row = null] = await ledger.states([{ ...repository, tag }]);
          if (row === null || row.digest === null) throw manifestUnknown(name, tag);
          return { digest: row.digest, mediaType: row.mediaType, size: row.size };
        },
      },
    };
    const names = new Names({ defaultRegistry: 'docker.io', serves, known: new Set(hosts), anyHost: false });
    this.#api = new RegistryApi(names, [
      ...[tagsList(parts), tagHistory(parts), chainguardHistory(parts), repositories(parts)],
      ...[catalog(parts), discover, referrers],
    ]);
  }

  static async open(limits: Partial<LedgerLimits> = {}, maxChanges = 1_000_000): Promise<ListWorld> {
    const clock = fakeClock();
    const retention = { maxChanges, maxAgeMs: 3_600_000 };
    return new ListWorld(await openMemoryLedger({ retention, clock, random: Math.random, limits }), clock);
  }

  async record(...observations: readonly Observation[]): Promise<undefined> {
    await this.ledger.record(observations);
  }

  /** Tags of `library/nginx`, all seen now; each points at the digest of its own name. */
  async tags(...names: readonly string[]): Promise<void> {
    await this.record(...names.map((tag) => lookedAt(tag, tag, 0, nginx)));
  }

  async repositories(...keys: readonly string[]): Promise<void> {
    const named = keys.map((key) => {
      const slash = key.indexOf('/');
      return { registry: key.slice(0, slash), repository: key.slice(slash + 1) };
    });
    await this.record(...named.map((one) => lookedAt('1', 'one', 0, one)));
  }

  /** @param target path and query */
  async ask(
    target: string,
    { accept, grants, allows, isGone = () => false }: Asking = {},
  ): Promise<ListAnswer> {
    const [path = '', query = ''] = target.split('?');
    const place = this.#api.place(path);
    if (place === null) throw new Error(`ask ${target}: no path of this API`);
    const grant = grantOf(grants ?? ['**'], allows);
    const headers = accept === undefined ? {} : { accept };
    const incoming = {
      ...place,
      path,
      headers,
      grant,
      enter: () => new Reading({ grant, turns: this.#turns, isGone }),
      ask: () => {},
      method: 'GET',
      query: new URLSearchParams(query),
    } as const;
    try {
      const answer = await this.#api.answer(incoming);
      const next = /^<([^>;]*)>; rel="next"$/.exec(answer.headers.link ?? '')?.[1] ?? null;
      const text = String(answer.body);
      return { status: answer.status ?? 200, code: null, headers: answer.headers, text, next };
    } catch (error) {
      if (!(error instanceof RegistryError || error instanceof ManifeedError)) throw error;
      const refusal = error instanceof RegistryError ? error : inSpecification(error, 'GET');
      const text = JSON.stringify(refusal.toBody());
      return { status: refusal.status, code: refusal.code, headers: {}, text, next: null };
    }
  }

  /** All pages, following `Link`. */
  async follow(target: string, asking: Asking = {}): Promise<readonly ListAnswer[]> {
    const pages: ListAnswer[] = [];
    for (let next: string | null = target; next !== null; ) {
      if (pages.length > 500) throw new Error(`follow ${target}: no end after 500 pages`);
      const page: ListAnswer = await this.ask(next, asking);
      pages.push(page);
      next = page.next;
    }
    return pages;
  }
}

/** A grant for these repositories. @param allows default: whether a repository is among them */
export function grantOf(patterns: readonly string[], allows?: (key: string) => boolean): Grant {
  const all = patterns.includes('**');
  return {
    ...{ name: 'test', key: JSON.stringify(patterns), owner: null, patterns },
    ...{ admin: false, metrics: false, unpaced: false },
    allows: allows ?? ((key) => all || patterns.includes(key)),
  };
}
