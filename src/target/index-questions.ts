/** What targets ask of the index. */
import { isDigest } from '../event/digest.ts';
import type { Filter } from '../event/filter.ts';
import { parsePosition } from '../event/position.ts';
import { type RepositoryName, repositoryKey, repositoryOfKey } from '../event/reference.ts';
import type { WireChange } from '../event/wire-change.ts';
import type { LedgerQueries } from '../ledger/queries.ts';

/** Repositories that a tool is told of after a reset. */
export const maxResetRepositories = 100;
/** Rows of the index that are looked at for them. */
const maxLooked = 100_000;
const pageSize = 1_000;

/** All reject with UNAVAILABLE without the ledger. */
export interface IndexQuestions {
  /**
   * Whether each of these changes of one repository is what the index still has of its tag or manifest. Only the index
   * knows: what came after a change may not match the target's filter, or may not have come yet.
   */
  areCurrent(changes: readonly WireChange[]): Promise<readonly boolean[]>;
  /**
   * The repositories that a filter means: those that it names, and those of the index that match its globs; at most
   * `maxResetRepositories`.
   */
  repositoriesOf(filter: Filter): Promise<readonly RepositoryName[]>;
}

export function indexQuestions(
  ledger: Pick<LedgerQueries, 'states' | 'digests' | 'listRepositories'>,
): IndexQuestions {
  return {
    areCurrent: (changes) =>
      Promise.all([tagsAmong(ledger, changes), manifestsAmong(ledger, changes)]).then(([tags, manifests]) =>
        changes.map((change) => tags.has(change) || manifests.has(change)),
      ),
    repositoriesOf: (filter) => repositoriesOf(ledger, filter),
  };
}

async function tagsAmong(
  ledger: Pick<LedgerQueries, 'states'>,
  changes: readonly WireChange[],
): Promise<ReadonlySet<WireChange>> {
  const named = changes.flatMap((change) => {
    const { registry, repository, tag } = change;
    return tag === null ? [] : [{ change, name: { registry, repository, tag } }];
  });
  if (named.length === 0) return new Set();
  const states = await ledger.states(named.map(({ name }) => name));
  const current = named.filter(({ change: { type, position } }, at) => {
    const state = states[at] ?? null;
    // A tag that was deleted is forgotten after a while.
    return state === null ? type === 'tag.deleted' : state.sequence === parsePosition(position)?.sequence;
  });
  return new Set(current.map(({ change }) => change));
}

async function manifestsAmong(
  ledger: Pick<LedgerQueries, 'digests'>,
  changes: readonly WireChange[],
): Promise<ReadonlySet<WireChange>> {
  const named = changes.flatMap((change) => {
    const digest = change.digest ?? change.previousDigest;
    return change.tag !== null || digest === null || !isDigest(digest) ? [] : [{ change, digest }];
  });
  const [first] = named;
  if (first === undefined) return new Set();
  const known = await ledger.digests(
    first.change,
    named.map(({ digest }) => digest),
  );
  const current = named.filter(
    ({ change }, at) => (known[at]?.present ?? false) === (change.type === 'manifest.pushed'),
  );
  return new Set(current.map(({ change }) => change));
}

async function repositoriesOf(
  ledger: Pick<LedgerQueries, 'listRepositories'>,
  { repositories, patterns, matchesRepository }: Filter,
): Promise<readonly RepositoryName[]> {
  const keys = new Set(repositories.slice(0, maxResetRepositories));
  let after: RepositoryName | null | undefined = patterns.length === 0 ? null : undefined;
  for (let looked = 0; after !== null && looked < maxLooked && keys.size < maxResetRepositories; ) {
    const page = await ledger.listRepositories({ limit: pageSize, ...(after && { after }) });
    for (const key of page.repositories.map(repositoryKey))
      if (keys.size < maxResetRepositories && matchesRepository(key)) keys.add(key);
    looked += page.looked;
    after = page.next;
  }
  return [...keys].map(repositoryOfKey);
}
