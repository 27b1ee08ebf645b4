/** What changes come to, for each tag. */
import { describe, expect, it } from 'vitest';
import { Net } from '../../../../src/cli/diff/net.ts';
import { netLine } from '../../../../src/cli/diff/net-lines.ts';
import type { Screen } from '../../../../src/cli/output/terminal.ts';

const at = '2026-11-30T12:00:00.000Z';

/** `1+a`: created at a. `1a>b`: moved. `1-b`: deleted. Oldest first, as they happened. */
function netOf(...courses: readonly string[]) {
  const net = new Net();
  for (const text of courses.toReversed()) {
    const [, tag = '', from = '', mark = '', to = ''] = /^(\d)([a-z?]?)([+>-])([a-z?]?)$/.exec(text) ?? [];
    const known = (word: string) => (word === '' || word === '?' ? null : word);
    const type = { '+': 'tag.created', '>': 'tag.updated', '-': 'tag.deleted' }[mark] ?? '';
    const [digest, previousDigest] = mark === '-' ? [null, known(to)] : [known(to), known(from)];
    const named = { registry: 'docker.io', repository: 'library/nginx', tag };
    expect(net.add({ ...named, type, digest, previousDigest, recordedAt: at })).toBe(true);
  }
  return net;
}

describe('changes', () => {
  it.each<[courses: readonly string[], expected: readonly string[]]>([
    [[], []],
    [['1a>b'], ['moved 1 a b']],
    [['1a>b', '1b>c'], ['moved 1 a c']],
    [['1a>b', '1b>a'], []],
    [['1+a'], ['created 1 null a']],
    [['1+a', '1a>b'], ['created 1 null b']],
    [['1+a', '1-a'], []],
    [['1-a'], ['deleted 1 a null']],
    [['1a>b', '1-b'], ['deleted 1 a null']],
    [['1-a', '1+b'], ['moved 1 a b']],
    [['1-a', '1+a'], []],
    [['1a>?'], ['unknown 1 a null']],
    [['1?>a'], ['unknown 1 null a']],
    [
      ['2a>b', '1+a'],
      ['created 1 null a', 'moved 2 a b'],
    ],
  ])('%j come to %j', (courses, expected) => {
    const net = netOf(...courses);
    const shown = net.differences.map(
      (each) => `${each.type} ${each.tag} ${each.previousDigest} ${each.digest}`,
    );
    expect(shown).toEqual(expected);
    expect(net.changes).toBe(courses.length);
    expect(net.hasUnknown).toBe(expected.some((each) => each.startsWith('unknown')));
  });

  it('of manifests without a tag are passed over, and one tag too many is refused', () => {
    const net = new Net(1);
    const change = {
      registry: 'r',
      repository: 'a',
      type: 'tag.updated',
      digest: 'b',
      previousDigest: 'a',
      recordedAt: at,
    };
    expect(net.add({ ...change, tag: null, type: 'manifest.pushed' })).toBe(true);
    expect(net.differences).toEqual([]);
    expect([net.add({ ...change, tag: '1' }), net.add({ ...change, tag: '1' })]).toEqual([true, true]);
    expect([net.add({ ...change, tag: '2' }), net.has('1'), net.has('2')]).toEqual([false, true, false]);
  });

  it('are lines', () => {
    const [moved] = netOf('1a>b', '1b>c').differences;
    if (moved === undefined) throw new Error('must have moved');
    const out: Screen = { isTty: true, write: async () => true, paint: (_, text) => text };
    const reference = 'docker.io/library/nginx:1';
    expect(netLine(moved, { format: 'tabs', out })).toBe([at, 'moved', reference, 'c', 'a'].join('\t'));
    expect(netLine(moved, { format: 'columns', out })).toMatch(
      / {2}moved {4}docker.io\/library\/nginx:1 {2}a → c$/,
    );
    expect(JSON.parse(netLine(moved, { format: 'json', out }))).toEqual({
      ...moved,
      changes: 2,
      lastChangeAt: at,
    });
  });
});
