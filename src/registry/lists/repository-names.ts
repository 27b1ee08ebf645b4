/** Reads the names of repositories that a token covers, as a client would write them after the same base. */
import { isGlob } from '../../event/glob.ts';
import type { Grant } from '../../event/grant.ts';
import {
  canonicalRepository,
  type RepositoryName,
  repositoryKey,
  repositoryOfKey,
} from '../../event/reference.ts';
import {
  isWithin,
  type RepositoryListPage,
  type RepositoryListQuery,
  type Within,
} from '../../ledger/queries.ts';
import { maxRows, maxStep, type Reading } from '../../reading/reading.ts';
import type { RegistryRequest } from '../endpoint.ts';
import { badParameter, RegistryError } from '../errors.ts';
import { type Prefix, writtenName } from '../names.ts';
import { linkOf } from './links.ts';
import { countOf, nameLimits, parameterOf } from './parameters.ts';
import type { ReadParts } from './parts.ts';

export interface RepositoryNames {
  /** In byte order. */
  readonly names: readonly string[];
  /** With a `Link`, if there are more. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Most repositories of a grant that are asked for one by one; of a grant with more, all are judged in turn. */
const maxNamed = 1_000;
/** Before and after all repositories, in byte order. */
const firstRepository = '';
const lastRepository = '\u007f';
/** Everything that is answered as a name, hosts of IPv6 included. */
const nameGrammar = /^[a-z0-9[][a-z0-9._:/[\]-]{0,510}$/;

/** The page of names that a request asks for. @throws RegistryError */
export async function readRepositoryNames(
  parts: ReadParts,
  request: RegistryRequest,
  within: Prefix,
): Promise<RepositoryNames> {
  const { query } = request;
  const n = countOf(query, nameLimits);
  const last = parameterOf(query, 'last') ?? '';
  if (last !== '' && !nameGrammar.test(last)) throw badParameter('last', 'the name of a repository');
  if (n === 0) return { names: [], headers: {} };
  const page = new NamesPage(parts, within, request.enter());
  const hasMore = await page.read(n, last);
  const { names } = page;
  const parameters = { n: query.get('n'), last: names.at(-1) ?? null };
  return { names, headers: hasMore ? linkOf(request, parameters) : {} };
}

/** One request. */
class NamesPage {
  readonly #parts: ReadParts;
  readonly #within: Prefix;
  readonly #grant: Grant;
  readonly #reading: Reading;
  readonly names: string[] = [];

  constructor(parts: ReadParts, within: Prefix, reading: Reading) {
    this.#parts = parts;
    this.#within = within;
    this.#grant = reading.grant;
    this.#reading = reading;
  }

  /** @returns whether there may be more than these `n` names */
  async read(n: number, last: string): Promise<boolean> {
    for (const registry of await this.#registries()) {
      const lead = this.#within.hostInName ? writtenName({ registry, repository: '' }, true) : '';
      if (!last.startsWith(lead) && last > lead) continue;
      const after = last.startsWith(lead) ? last.slice(lead.length) : firstRepository;
      for (const within of this.#withins(registry))
        if (await this.#readOne(registry, within, after, n)) return true;
    }
    return false;
  }

  /** In the byte order of the names: `a.io:80` is written `a.io_80`, and `a.io.b/x` comes before `a.io/x`. */
  async #registries(): Promise<readonly string[]> {
    const { registry, hostInName } = this.#within;
    if (registry !== null) return [registry];
    const lead = (host: string) => writtenName({ registry: host, repository: '' }, hostInName);
    const known = (await this.#known()).filter((host) => this.#parts.serves(host));
    return known.sort((a, b) => (lead(a) < lead(b) ? -1 : 1));
  }

  async #known(): Promise<string[]> {
    const named = namedOnly(this.#grant);
    if (named !== null) return [...new Set(named.map((key) => repositoryOfKey(key).registry))];
    const found: string[] = [];
    for (let after: RepositoryName | null = null; ; ) {
      const query: RepositoryListQuery = { limit: 1, ...(after === null ? {} : { after }) };
      const { repositories, next } = await this.#step(query);
      const [row] = repositories;
      if (row !== undefined) found.push(row.registry);
      if (next === null) return found;
      after = row === undefined ? next : { registry: row.registry, repository: lastRepository };
    }
  }

  /** Adds names of one registry. @returns whether the page ends here, though there may be more */
  async #readOne(registry: string, within: Within, start: string, n: number): Promise<boolean> {
    let limit = Math.min(n + 1 - this.names.length, maxStep);
    for (let after: RepositoryName = { registry, repository: start }; ; ) {
      if (!this.#reading.hasRoom && this.names.length > 0) return true;
      const page: RepositoryListPage = await this.#step({ within, after, limit });
      for (const row of page.repositories) {
        if (!this.#grant.allows(repositoryKey(row))) continue;
        if (this.names.length === n) return true;
        this.names.push(writtenName(row, this.#within.hostInName));
      }
      if (page.next === null || page.next.registry !== registry) return false;
      after = page.next;
      // Most often all are granted; if not, the next step reads as many as it may.
      limit = maxStep;
    }
  }

  /** @throws RegistryError if the request has read enough: no name that the client may know says where to go on */
  #step(query: RepositoryListQuery): Promise<RepositoryListPage> {
    if (this.#reading.hasRoom) return this.#reading.step(() => this.#parts.ledger.listRepositories(query));
    throw new RegistryError(
      'UNSUPPORTED',
      `list repositories: ${maxRows} were looked at, and none that this token covers: must be asked below a name, as in /v2/<name>/_oci/repositories`,
      { status: 400 },
    );
  }

  /** In byte order. */
  #withins(registry: string): readonly Within[] {
    const { prefix } = this.#within;
    const below = { below: prefix === null ? registry : `${registry}/${prefix}` };
    const withins = [
      below,
      ...officialOf(registry, prefix).filter(({ below: key }) => !isWithin(key, below)),
    ];
    withins.sort((a, b) => (`${a.below}/` < `${b.below}/` ? -1 : 1));
    const named = namedOnly(this.#grant);
    if (named === null) return withins;
    return withins
      .map((within) => ({ repositories: named.filter((key) => isWithin(key, within)) }))
      .filter(({ repositories }) => repositories.length > 0);
  }
}

/** On Docker Hub `nginx` names `library/nginx`; `nginx/unit` is below it as well. */
function officialOf(registry: string, prefix: string | null): readonly { readonly below: string }[] {
  const canonical = prefix === null ? null : canonicalRepository(registry, prefix);
  return canonical === null ? [] : [{ below: repositoryKey(canonical) }];
}

/** The repositories of a grant that has nothing else; null: it has globs, or too many. */
function namedOnly({ patterns }: Grant): readonly string[] | null {
  return patterns.length <= maxNamed && !patterns.some(isGlob) ? patterns : null;
}
