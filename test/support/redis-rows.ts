/** Changes as the Redis ledger's scripts publish them: lists of members in a fixed order. */
import { digestOf, where } from './ledger-samples.ts';

/** When it happened and was recorded. */
export const rowAt = Date.UTC(2026, 0, 1);
export const rowDigest = digestOf('one');

/** A change as a script publishes it, with some members replaced. */
export function row(members: Readonly<Record<number, unknown>> = {}): unknown[] {
  const { registry, repository } = where;
  const list = [
    rowAt,
    'tag.created',
    registry,
    repository,
    't',
    rowDigest,
    null,
    'type/x',
    1,
    rowAt,
    'webhook:x',
    '',
  ];
  const length = Math.max(list.length, ...Object.keys(members).map((at) => Number(at) + 1));
  return Array.from({ length }, (_, i) => (i in members ? members[i] : list[i]));
}

/** Rows that no gateway stored: a description, and the members that make them invalid. */
export const badRows: readonly [string, Readonly<Record<number, unknown>>][] = [
  ['a recordedAt that no date has', { 0: 1e300 }],
  ['a recordedAt beyond the year 9999', { 0: 253_402_300_800_000 }],
  ['an occurredAt that no date has', { 9: Number.MAX_SAFE_INTEGER }],
  ['an occurredAt that is no whole number', { 9: rowAt + 0.5 }],
  ['an unknown type', { 1: 'tag.renamed' }],
  ['a host that is none', { 2: 'a b' }],
  ['a repository that leads elsewhere', { 3: '../../admin/api?x=' }],
  ['a repository in capitals', { 3: 'Library/Base' }],
  ['a tag with a line break', { 4: 'a\nb' }],
  ['a digest that is none', { 5: 'sha256:00' }],
  ['a previous digest that is none', { 6: 'x' }],
  ['a media type that is no text', { 7: 7 }],
  ['a size below 0', { 8: -1 }],
  ['an origin that is no text', { 10: null }],
  ['platforms that are no JSON', { 12: '{' }],
  ['a platform that is none', { 12: `{"linux":"${rowDigest}"}` }],
  ['a platform without digest', { 12: '{"linux/amd64":"x"}' }],
  ['moved platforms that are no list', { 12: '{}', 13: '{}' }],
  ['a moved platform that is none', { 12: '{}', 13: '["linux"]' }],
];
