/** Whether a look came to know all tags of its repository, so that the index has a whole list of them. Pure. */
import { type Listing, listBounds } from './listers/lister.ts';
import type { KnownTags } from './losses.ts';
import type { Plan } from './plan.ts';
import { coversAll, type Scopes } from './scopes.ts';

interface ListEvidence {
  readonly scopes: Scopes;
  readonly listing: Listing;
  readonly plan: Plan;
  /** What the ledger knew before. */
  readonly known: KnownTags;
  /** Tags whose HEAD was answered. */
  readonly asked: ReadonlySet<string>;
  /** Most tags were gone at once, and this is not believed yet; or tags were gone for a moment. */
  readonly isDoubtful: boolean;
}

/**
 * `whole` of the `listed` observation; null: it must not be said. Clients take what is not in a list for deleted, so
 * one new tag that no HEAD has answered for is enough to say nothing. Known tags need no HEAD: their names are known.
 */
export function wholeOf({ scopes, listing, plan, known, asked, isDoubtful }: ListEvidence): boolean | null {
  if (!coversAll(scopes) || isDoubtful || listing.unknownName) return null;
  if (listing.end !== 'complete' && listing.end !== 'caught-up') return null;
  // What the ledger knows beyond this was not compared with the list.
  if (known.size >= listBounds.maxTags) return null;
  if (plan.backlog || !plan.tags.slice(0, plan.turnFrom).every((tag) => asked.has(tag))) return null;
  return listing.end === 'complete';
}
