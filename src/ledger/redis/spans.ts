/** Which part of the order of repositories a query reads. The scripts know them as `registry repository`. */

import type { Within } from '../queries.ts';
import { compareText } from '../tag-order.ts';

/** One repository; or those from `low` (inclusive) to `high` (exclusive), '' for no bound. */
export type Span = readonly [member: string] | readonly [low: string, high: string];

/** For `lua/lists/within.lua`. */
export type Filter = { readonly below: readonly string[] } | { readonly members: readonly string[] };

/** A blank sorts before every character of a name, so members sort by registry, then repository. */
export function memberOf(key: string): string {
  return key.replace('/', ' ');
}

/**
 * The spans in the order of reading.
 *
 * @param from the repository where the page begins, in that order
 * @param max spans at most; the next page has the others
 */
export function spansOf(
  within: Within | undefined,
  { from, isDesc, max }: { readonly from: string | null; readonly isDesc: boolean; readonly max: number },
): readonly Span[] {
  const spans = allSpans(within)
    .map((span) => (from === null ? span : isDesc ? upTo(span, from) : since(span, from)))
    .filter((span) => span !== null);
  return (isDesc ? spans.reverse() : spans).slice(0, max);
}

function allSpans(within: Within | undefined): Span[] {
  if (within === undefined) return [['', '']];
  if ('repositories' in within) return membersOf(within.repositories).map((member): Span => [member]);
  // `!`, `0`: what follows a blank, and a slash.
  if (!within.below.includes('/')) return [[`${within.below} `, `${within.below}!`]];
  const member = memberOf(within.below);
  return [[member], [`${member}/`, `${member}0`]];
}

export function membersOf(repositories: readonly string[]): string[] {
  return [...new Set(repositories)].map(memberOf).sort(compareText);
}

function since(span: Span, from: string): Span | null {
  const [low, high] = span;
  if (high === undefined) return low >= from ? span : null;
  if (high !== '' && high <= from) return null;
  return low >= from ? span : [from, high];
}

function upTo(span: Span, from: string): Span | null {
  const [low, high] = span;
  if (low > from) return null;
  // Nothing lies between a name and the name with a blank.
  const end = `${from} `;
  return high === undefined || (high !== '' && high <= end) ? span : [low, end];
}

/** Null: all repositories. */
export function filterOf(within: Within | undefined): Filter | null {
  if (within === undefined) return null;
  if ('repositories' in within) return { members: membersOf(within.repositories) };
  const member = memberOf(within.below);
  return { below: within.below.includes('/') ? [`${member} `, `${member}/`] : [`${member} `] };
}
