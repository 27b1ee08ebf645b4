import { type RepositoryName, repositoryKey } from '../event/reference.ts';
import type { LedgerQueries, RepositoryState } from '../ledger/queries.ts';
import { isWhole, type PartOfDescriptor } from './freshness.ts';
import type { Upstreams } from './upstream.ts';

/** What the ledger knows of one repository; null: no present tag, and its list was never read whole. */
export async function stateOf(
  queries: Pick<LedgerQueries, 'listRepositories'>,
  of: RepositoryName,
): Promise<RepositoryState | null> {
  const within = { repositories: [repositoryKey(of)] };
  const { repositories } = await queries.listRepositories({ within, limit: 1 });
  return repositories[0] ?? null;
}

/** Whether the gateway has heard of the repository: by the index, or because it is polled. */
export async function isKnown(
  queries: Pick<LedgerQueries, 'listRepositories'>,
  upstreams: Upstreams,
  of: RepositoryName,
): Promise<boolean> {
  if ((upstreams.of(of.registry)?.pollIntervalMs(of.repository) ?? null) !== null) return true;
  return (await stateOf(queries, of)) !== null;
}

/** The descriptor with what the manifest store knows of its digest: that is true wherever the digest is. */
export async function filled(
  { manifests }: Pick<LedgerQueries, 'manifests'>,
  part: PartOfDescriptor,
): Promise<PartOfDescriptor> {
  if (isWhole(part)) return part;
  const stored = await manifests.get(part.digest);
  if (stored === null) return part;
  return { ...part, mediaType: part.mediaType ?? stored.mediaType, size: stored.size };
}
