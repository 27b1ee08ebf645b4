import { describe, expect, it } from 'vitest';
import { VersionList } from '../../../../src/event/version-list.ts';
import { VersionLists } from '../../../../src/http/read/check/version-lists.ts';
import type { ListMoment } from '../../../../src/ledger/queries.ts';

const moment: ListMoment = { tags: 3, moved: 7, bounds: { epoch: 'e', floor: 0, head: 9 } };

function versions(count: number): readonly VersionList[] {
  return [new VersionList(Array.from({ length: count }, (_, n) => `1.${n}`))];
}

describe('VersionLists', () => {
  it.each([
    ['one tag more', { ...moment, tags: 4 }],
    ['tags that went', { ...moment, moved: 8 }],
    ['another epoch', { ...moment, bounds: { ...moment.bounds, epoch: 'f' } }],
  ])('forgets the versions of a repository with %s', (_, now) => {
    const lists = new VersionLists();
    const kept = versions(3);
    lists.keep('r/a', moment, kept);
    expect(lists.get('r/a', { ...moment, bounds: { ...moment.bounds, head: 20 } })).toBe(kept);
    expect(lists.get('r/a', now)).toBeNull();
    expect(lists.get('r/a', moment)).toBeNull();
    expect(lists.size).toBe(0);
  });

  it('is not sure of a repository without changes once the log has moved on', () => {
    const lists = new VersionLists();
    const quiet = { ...moment, moved: null };
    lists.keep('r/a', quiet, versions(3));
    const later = (floor: number) => ({ ...quiet, bounds: { epoch: 'e', floor, head: 30 } });
    expect(lists.get('r/a', later(9))).not.toBeNull();
    expect(lists.get('r/a', later(10))).toBeNull();
  });

  it('keeps a bounded number of tags, those that were asked for last', () => {
    const lists = new VersionLists(100);
    lists.keep('r/a', moment, versions(30));
    lists.keep('r/b', moment, versions(30));
    expect(lists.size).toBe(80);
    lists.get('r/a', moment);
    lists.keep('r/c', moment, versions(40));
    expect(['r/a', 'r/b', 'r/c'].map((key) => lists.get(key, moment) !== null)).toEqual([true, false, true]);
    lists.keep('r/large', moment, versions(91));
    expect(lists.get('r/large', moment)).toBeNull();
    expect(lists.size).toBe(90);
    lists.keep('r/a', moment, versions(10));
    expect(lists.size).toBe(70);
  });
});
