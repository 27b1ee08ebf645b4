import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  compareVersionKeys,
  parseTagRange,
  type VersionKey,
  versionKey,
} from '../../../src/event/semver-tag.ts';
import { VersionList } from '../../../src/event/version-list.ts';

const part = fc.constantFrom('0', '1', '2', '10');
const tag = fc.oneof(
  fc.constantFrom('latest', 'sha-4f2a', 'v1', '1.2.3.4'),
  fc
    .tuple(part, part, part, fc.constantFrom('', '', '-alpine', '-rc.1', '-rc.2', '_1'))
    .map(([major, minor, patch, suffix]) => `${major}.${minor}.${patch}${suffix}`),
  fc.tuple(part, part).map((parts) => parts.join('.')),
);
const version = fc.oneof(
  part,
  fc.tuple(part, part).map((parts) => parts.join('.')),
  fc.tuple(part, part, part, fc.constantFrom('', '-rc.1')).map(([a, b, c, pre]) => `${a}.${b}.${c}${pre}`),
);
const comparator = fc
  .tuple(fc.constantFrom('', '^', '~', '>', '>=', '<', '<=', '='), version)
  .map((parts) => parts.join(''));
const range = fc
  .array(fc.array(comparator, { minLength: 1, maxLength: 2 }), { minLength: 1, maxLength: 2 })
  .map((sets) => sets.map((set) => set.join(' ')).join(' || '));

describe('VersionList', () => {
  it('finds what reading all tags finds, however often it is asked', () => {
    const asked = fc.tuple(fc.oneof(range, fc.constantFrom('*', '1.x')), fc.constantFrom(null, '', 'alpine'));
    fc.assert(
      fc.property(
        fc.uniqueArray(tag, { maxLength: 40 }),
        fc.array(asked, { minLength: 1, maxLength: 6 }),
        (tags, questions) => {
          const list = new VersionList(tags);
          const read: VersionKey[] = [];
          for (const [text, variant] of questions) {
            const parsed = parseTagRange(text);
            const admitted = tags
              .map(versionKey)
              .filter((key) => (variant === null || key.variant === variant) && parsed.matches(key.tag))
              .sort(compareVersionKeys);
            const newest = admitted.at(-1)?.tag;
            expect(list.newest(parsed, variant).newest?.tag, text).toBe(newest);
            expect(list.newest(parsed, variant, read).newest?.tag, text).toBe(newest);
          }
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('reads few tags once it is sorted, wherever the range is, also if it admits none', () => {
    const list = new VersionList(Array.from({ length: 1_000 }, (_, n) => `1.${n}.0`));
    expect(list.newest(parseTagRange('^1'), null)).toMatchObject({
      newest: { tag: '1.999.0' },
      steps: 1_000,
    });
    for (const [text, newest] of [
      ['^1', '1.999.0'],
      ['~1.500', '1.500.0'],
      ['<1.3 || ~1.7', '1.7.0'],
      ['~1.500.7', undefined],
      ['>=2', undefined],
      ['<1', undefined],
    ] as const) {
      const found = list.newest(parseTagRange(text), null);
      expect(found.newest?.tag, text).toBe(newest);
      expect(found.steps, text).toBeLessThanOrEqual(3);
    }
  });

  it('reads no tag again for whoever hands over what was read', () => {
    const list = new VersionList(['1.0', '2.0', '3.0']);
    const [all, none] = [parseTagRange('*'), parseTagRange('<0.1 || >9')];
    list.newest(all, null);
    const read: VersionKey[] = [];
    expect([list.newest(none, null, read).newest, read.map(({ tag }) => tag)]).toEqual([
      null,
      ['1.0', '2.0', '3.0'],
    ]);
    const last = read.at(-1);
    expect(list.newest(all, null, read).newest).toBe(last);
  });

  it('keeps versions only', () => {
    expect(new VersionList(['latest', '1.0', 'v2', 'sha256-0', '1.2.3.4']).length).toBe(2);
  });
});
