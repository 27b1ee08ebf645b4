/** Which tags a look asks for, in which order. Pure. */
import { type Digest, parseDigest } from '../../event/digest.ts';
import type { Listing } from './listers/lister.ts';
import type { Scopes } from './scopes.ts';

interface PlanInput {
  readonly scopes: Scopes;
  readonly listing: Listing | null;
  /** The ledger's index of this repository; null: a digest that it still lacks. */
  readonly known: ReadonlyMap<string, string | null>;
  /** Known tags that the list lacks and that need a HEAD; default: `missingTags`. */
  readonly missing?: readonly string[];
  readonly isNew: (tag: string) => boolean;
  /** The turn through the known tags continues after this tag. */
  readonly cursor: string;
  /** Most tags to ask for, exact ones not counted. */
  readonly maxHeads: number;
}

/** What a look asks for. */
export interface Plan {
  /** Tags to HEAD, the most urgent first. */
  readonly tags: readonly string[];
  /** The index in `tags` at which the turn through the known tags begins. */
  readonly turnFrom: number;
  /** Tags that a first look learns from the list alone, with the digests that it gave. */
  readonly fills: readonly { readonly tag: string; readonly digest: Digest }[];
  /** Urgent tags exceed `maxHeads`: the next look must come soon. */
  readonly backlog: boolean;
}

/** Plans the HEADs of a look. */
export function planHeads(input: PlanInput): Plan {
  const { scopes, listing, known, cursor, maxHeads, missing = missingTags(input) } = input;
  const exact = new Set(scopes.exact);
  const urgent: string[] = [];
  const turn: string[] = [];
  const fills: { tag: string; digest: Digest }[] = [];
  if (listing !== null) {
    for (const row of listing.rows.values()) {
      if (exact.has(row.tag) || !scopes.matchesPattern(row.tag)) continue;
      const knownDigest = known.get(row.tag);
      const digest = row.digest === null ? null : parseDigest(row.digest);
      if (knownDigest === undefined) {
        // If the list has digests, a first look at thousands of tags costs no HEADs.
        if (digest !== null && !input.isNew(row.tag)) fills.push({ tag: row.tag, digest });
        else urgent.push(row.tag);
      } else if (knownDigest === null) urgent.push(row.tag);
      // A list may be a stale cache: a different digest only makes the tag worth a HEAD.
      else if (digest !== null && digest !== knownDigest) urgent.push(row.tag);
      else if (digest === null) turn.push(row.tag);
    }
  }
  const pressing = [...urgent, ...missing];
  const taken = pressing.slice(0, maxHeads);
  const first = [...scopes.exact, ...taken];
  return {
    tags: [...first, ...turnAfter(turn, cursor, maxHeads - taken.length)],
    turnFrom: first.length,
    fills,
    backlog: pressing.length > taken.length,
  };
}

/** Known tags of a pattern that a complete list lacks: suspected gone. An incomplete list proves nothing. */
export function missingTags(input: Pick<PlanInput, 'scopes' | 'listing' | 'known'>): readonly string[] {
  const { scopes, listing, known } = input;
  if (listing?.end !== 'complete') return [];
  const exact = new Set(scopes.exact);
  return [...known.keys()].filter(
    (tag) => !listing.rows.has(tag) && !exact.has(tag) && scopes.matchesPattern(tag),
  );
}

/** The next `max` tags after `cursor` in lexical order, wrapping around. */
function turnAfter(tags: string[], cursor: string, max: number): string[] {
  if (tags.length <= max) return tags;
  tags.sort();
  const found = tags.findIndex((tag) => tag > cursor);
  const from = found === -1 ? 0 : found;
  return [...tags.slice(from, from + max), ...tags.slice(0, Math.max(0, max - (tags.length - from)))];
}
