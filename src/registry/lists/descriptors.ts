/** Descriptors (OCI image-spec, "Content Descriptors") of what the index knows, as complete as they can be had. */
import type { Digest } from '../../event/digest.ts';
import type { RepositoryName } from '../../event/reference.ts';
import type { LedgerQueries } from '../../ledger/queries.ts';
import { type Descriptor, isWhole, type PartOfDescriptor } from '../freshness.ts';

export const indexType = 'application/vnd.oci.image.index.v1+json';

/** The digests that these rows name, with what the rows say of each. */
export function named(
  rows: readonly (Pick<PartOfDescriptor, 'mediaType' | 'size'> & { readonly digest: Digest | null })[],
): readonly PartOfDescriptor[] {
  return rows.flatMap(({ digest, mediaType, size }) =>
    digest === null ? [] : [{ digest, mediaType, size }],
  );
}

/** An entry of an image index. */
export interface IndexEntry extends Descriptor {
  readonly annotations: Readonly<Record<string, string>>;
}

/** The JSON of an image index. */
export function indexOf(
  manifests: readonly IndexEntry[],
  annotations: Readonly<Record<string, string>>,
): string {
  const more = Object.keys(annotations).length === 0 ? {} : { annotations };
  return JSON.stringify({ schemaVersion: 2, mediaType: indexType, manifests, ...more });
}

/**
 * Descriptors by digest. What a row does not say, another row, the repository or the manifest store may know; digests
 * of which even these do not know all have none.
 *
 * @param named at most 1,000 digests
 */
export async function describe(
  ledger: Pick<LedgerQueries, 'digests' | 'manifests'>,
  repository: RepositoryName,
  named: readonly PartOfDescriptor[],
): Promise<ReadonlyMap<Digest, Descriptor>> {
  const found = new Map<Digest, Descriptor>();
  for (const one of named) keep(found, one);
  const lacking = () =>
    [...new Set(named.map(({ digest }) => digest))].filter((digest) => !found.has(digest));
  const asked = lacking();
  if (asked.length === 0) return found;
  const known = await ledger.digests(repository, asked);
  for (const [at, digest] of asked.entries()) {
    const one = known[at];
    if (one) keep(found, { digest, mediaType: one.mediaType, size: one.size });
  }
  for (const digest of lacking()) {
    const manifest = await ledger.manifests.get(digest);
    if (manifest !== null) keep(found, manifest);
  }
  return found;
}

function keep(found: Map<Digest, Descriptor>, { digest, mediaType, size }: PartOfDescriptor): void {
  const part = { mediaType, size, digest };
  if (isWhole(part)) found.set(digest, part);
}

/** RFC 9111, 5.5: 299 for a warning that lasts. @param count of rows that an answer lacks */
export function leftOut(count: number, what: string): Readonly<Record<string, string>> {
  return count === 0 ? {} : { warning: `299 - "${count} ${what}${count === 1 ? '' : 's'} left out"` };
}
