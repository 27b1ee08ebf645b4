import type { Digest } from '../../../event/digest.ts';
import { manifestsOf, movedBetween } from '../../../event/platform.ts';
import type { LedgerQueries } from '../../../ledger/queries.ts';

/**
 * Whether an image of one platform differs between what a client has and what its tag points at now: an index may move
 * while the platform's manifest in it stays. The client may have the digest of either.
 *
 * @param platform canonical
 */
export async function platformMoved(
  manifests: Pick<LedgerQueries['manifests'], 'get'>,
  platform: string,
  { before, now }: { readonly before: Digest; readonly now: Digest },
): Promise<{ readonly moved: boolean | null; readonly isCertain: boolean }> {
  const [had, has] = await Promise.all([manifests.get(before), manifests.get(now)]);
  const unknown = { moved: null, isCertain: false };
  if (has === null || has.platforms === null) return unknown;
  const current = manifestsOf(has.platforms, platform);
  if (current.includes(before)) return { moved: false, isCertain: true };
  if (had !== null && had.platforms !== null) {
    if (current.length + manifestsOf(had.platforms, platform).length === 0) return unknown;
    return { moved: movedBetween(had.platforms, has.platforms).includes(platform), isCertain: true };
  }
  // It is an index that we do not know, or the platform's manifest of another one.
  if (current.length === 0) return unknown;
  return { moved: true, isCertain: had !== null && had.children.length === 0 };
}
