/** What a command or a line is about: a change, or a row of a snapshot. */
import type { Change, TagState } from '../../../client/src/index.ts';
import type { ChangeFacts } from '../../event/change-variables.ts';
import { referenceOf } from '../output/names.ts';

export type Item =
  | { readonly kind: 'change'; readonly change: Change; readonly resume: string }
  | { readonly kind: 'state'; readonly row: TagState };

/** What both have, under one name. `type` is a change type, or `state` of a row, which has no position. */
interface Facts extends ChangeFacts {
  /** RFC 3339. */
  readonly at: string;
}

export function factsOf(item: Item): Facts {
  if (item.kind === 'change') return { ...item.change, at: item.change.occurredAt };
  const { row } = item;
  return { ...row, type: 'state', previousDigest: null, position: null, at: row.updatedAt };
}

/** As the gateway sent it. */
export function sentOf(item: Item): Change | TagState {
  return item.kind === 'change' ? item.change : item.row;
}

/** Two items with the same key must not be worked on at the same time. */
export function keyOf(item: Item): string {
  const facts = factsOf(item);
  // An untagged manifest is its own digest (PROTOCOL.md, G2).
  return facts.tag === null ? `${referenceOf(facts)}@${facts.digest}` : referenceOf(facts);
}
