import { describe, expect, it } from 'vitest';
import { parseDigest } from '../../../src/event/digest.ts';
import type { KnownTag } from '../../../src/ledger/queries.ts';
import { dated, freshTag, isOvertaken, type Seen } from '../../../src/registry/freshness.ts';

const digestOf = (letter: string) => parseDigest(`sha256:${letter.repeat(64)}`);
const [a, b] = [digestOf('a'), digestOf('b')];
const now = 1_000_000;

function row(checkedAgeMs: number | null, more: Partial<KnownTag> = {}): KnownTag {
  const name = { registry: 'r.example', repository: 'app', tag: '1' };
  const state = { digest: a, mediaType: 'a/b', size: 1, firstSeenAt: 0, updatedAt: 0, sequence: 1 };
  return { ...name, ...state, present: true, checkedAgeMs, ...more };
}

function seen(ageMs: number, kind: 'found' | 'gone' = 'found'): Seen {
  if (b === null) throw new Error('must be a digest');
  const askedAt = now - ageMs;
  return kind === 'gone' ? { kind, askedAt } : { kind, digest: b, mediaType: null, size: null, askedAt };
}

const rules = { maxAgeMs: 60_000, trusted: false };

describe('what may be answered of a tag', () => {
  it.each([
    ['a row that was confirmed just now', row(0), 'found'],
    ['a row that was confirmed within maxAge', row(59_999), 'found'],
    ['a row that was confirmed longer ago', row(60_000), 'ask'],
    ['a row of which nobody knows when it was confirmed', row(null), 'ask'],
    ['a row without a digest', row(0, { digest: null }), 'ask'],
    ['a deletion that was confirmed', row(0, { present: false, digest: null }), 'gone'],
    ['a deletion of long ago', row(60_000, { present: false, digest: null }), 'ask'],
    ['no row', null, 'ask'],
  ])('of %s', (_what, known, kind) => {
    expect(freshTag(dated(known, now, now), undefined, now, rules).kind).toBe(kind);
  });

  it.each([
    ['a row of any age', row(10_000_000), 'found'],
    ['a row of unknown age', row(null), 'ask'],
    ['no row', null, 'ask'],
  ])('while webhooks are trusted, of %s', (_what, known, kind) => {
    expect(freshTag(dated(known, now, now), undefined, now, { ...rules, trusted: true }).kind).toBe(kind);
  });

  it.each([
    ['older than the row', row(10), seen(20), a],
    ['newer than the row', row(20), seen(10), b],
    ['alone', null, seen(10), b],
    ['newer than a row of unknown age', row(null), seen(10), b],
  ])('is the newer of row and answer: an answer %s', (_what, known, answer, digest) => {
    expect(freshTag(dated(known, now, now), answer, now, rules)).toMatchObject({ kind: 'found', digest });
  });

  it('G16: is nothing if both are too old', () => {
    expect(freshTag(dated(row(60_000), now, now), seen(60_000), now, rules).kind).toBe('ask');
    expect(freshTag(dated(row(0), now, now), seen(0), now, { maxAgeMs: 0, trusted: false }).kind).toBe('ask');
  });

  it('is that the tag is gone, if the registry said so after the row was confirmed', () => {
    expect(freshTag(dated(row(20), now, now), seen(10, 'gone'), now, rules).kind).toBe('gone');
    expect(freshTag(dated(row(10), now, now), seen(20, 'gone'), now, rules).kind).toBe('found');
  });
});

describe('a row that is read after the registry has answered', () => {
  it.each([
    ['another digest, confirmed later', row(10), seen(20), true],
    ['another digest, confirmed before', row(30), seen(20), false],
    ['another digest, nobody knows since when', row(null), seen(20), false],
    ['the same digest', row(10, { digest: b }), seen(20), false],
    ['no digest yet', row(10, { digest: null }), seen(20), false],
    ['that the tag is gone', row(10, { present: false, digest: null }), seen(20), true],
    ['that the tag is back', row(10), seen(20, 'gone'), true],
    ['that the tag is gone, as the registry says', row(10, { present: false }), seen(20, 'gone'), false],
    ['nothing', null, seen(20), false],
  ])('knows better only what is newer: %s', (_what, known, answer, isNewer) => {
    expect(isOvertaken(answer, dated(known, now, now))).toBe(isNewer);
  });

  it('knows better if the tag has changed since the registry was asked, however old it looks', () => {
    const known = dated(row(30), now, now);
    expect(isOvertaken({ ...seen(20), basedOn: 1 }, known)).toBe(false);
    expect(isOvertaken({ ...seen(20), basedOn: 0 }, known)).toBe(true);
    expect(isOvertaken({ ...seen(20, 'gone'), basedOn: 0 }, known)).toBe(true);
    expect(freshTag(known, { ...seen(20), basedOn: 0 }, now, rules)).toMatchObject({ digest: a });
    expect(freshTag(known, { ...seen(20), basedOn: 1 }, now, rules)).toMatchObject({ digest: b });
  });

  it('knows better though it may be as old: the answer was recorded, and another gateway has said more', () => {
    const known = dated(row(10), now - 100, now);
    expect(isOvertaken(seen(20), known)).toBe(true);
    expect(isOvertaken(seen(20, 'gone'), known)).toBe(false);
    expect(freshTag(known, seen(20), now, rules)).toMatchObject({ kind: 'found', digest: a });
    expect(freshTag(known, seen(20, 'gone'), now, rules).kind).toBe('ask');
  });

  it('is as old as it may be, however long the ledger took', () => {
    expect(freshTag(dated(row(0), now - 59_999, now), undefined, now, rules).kind).toBe('found');
    expect(freshTag(dated(row(0), now - 60_000, now), undefined, now, rules).kind).toBe('ask');
  });
});
