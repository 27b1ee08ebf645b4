import { describe, expect, it } from 'vitest';
import {
  type Attempt,
  checkHistory,
  checkPositions,
  type History,
  type HistoryChange,
  type HistoryPush,
} from '../../support/history-check.ts';

/** A push named by its digest, sent once at `sentAt` and acknowledged 10 ms later. */
function push(digest: string, sentAt: number, more: Partial<HistoryPush> = {}): HistoryPush {
  const attempts: Attempt[] = [{ sentAt, acknowledgedAt: sentAt + 10 }];
  const said = { origin: 'publish:a', saidAt: null, once: false };
  return { name: `push ${digest}`, tag: 't', digest, ...said, attempts, ...more };
}

/** Changes of tag `t` to these digests, as a sound ledger numbers and chains them. */
function to(...digests: readonly string[]): HistoryChange[] {
  return digests.map((digest, at) => ({
    sequence: at + 1,
    tag: 't',
    digest,
    previousDigest: digests[at - 1] ?? null,
  }));
}

function check(
  pushes: readonly HistoryPush[],
  changes: readonly HistoryChange[],
  more: Partial<History> = {},
) {
  const state = new Map([['t', changes.at(-1)?.digest ?? null]]);
  return checkHistory({ pushes, changes, state, ...more });
}

describe('a history of one tag with many writers', () => {
  it('is sound if pushes at the same time counted in either order', () => {
    const pushes = [push('a', 0), push('b', 5)];
    expect(check(pushes, to('a', 'b'))).toEqual([]);
    expect(check(pushes, to('b', 'a'))).toEqual([]);
  });

  it('is broken if an acknowledged push left no trace and nothing overtook it', () => {
    expect(check([push('a', 0), push('b', 100)], to('a'))).toEqual([
      't: push b was acknowledged, is not visible and was not overtaken',
    ]);
  });

  it('is sound if a push without an acknowledgement left no trace', () => {
    const unanswered = push('b', 100, { attempts: [{ sentAt: 100, acknowledgedAt: null }] });
    expect(check([push('a', 0), unanswered], to('a'))).toEqual([]);
  });

  it('may miss what was sent before the ledger lost its data, and nothing later', () => {
    const pushes = [push('a', 0), push('b', 100), push('c', 200)];
    expect(check(pushes, to('c'), { lostUntil: 150 })).toEqual([]);
    expect(check(pushes, to('c'), { lostUntil: 105 })).toEqual([]);
    expect(check(pushes, to('b'), { lostUntil: 150 })).toHaveLength(1);
  });

  it('is broken if a push counted before one that was acknowledged before it was sent', () => {
    expect(check([push('a', 0), push('b', 100)], to('b', 'a'))).toContainEqual(
      expect.stringContaining('out of order'),
    );
  });

  it('is broken if the tag flipped back to a push that its sender dated earlier', () => {
    const pushes = [push('a', 0, { saidAt: 1 }), push('b', 5, { saidAt: 2 })];
    expect(check(pushes, to('a', 'b'))).toEqual([]);
    expect(check(pushes, to('b', 'a'))).toEqual(['t: change 2 (push a) flips it back']);
  });

  it('is sound if a dated push was overtaken by a later one of its sender', () => {
    const pushes = [push('a', 0, { saidAt: 1 }), push('b', 5, { saidAt: 2 })];
    expect(check(pushes, to('b'))).toEqual([]);
  });

  it('is broken if a dated push is missing, though only another sender dated one later', () => {
    const pushes = [push('a', 0, { saidAt: 1 }), push('b', 5, { saidAt: 2, origin: 'publish:b' })];
    expect(check(pushes, to('b'))).toHaveLength(1);
    expect(check(pushes, to('b', 'a'))).toEqual([]);
  });

  it('is broken if a later push excuses one that was acknowledged before it was sent', () => {
    const pushes = [push('a', 0, { saidAt: 1 }), push('b', 100, { saidAt: 2 })];
    expect(check(pushes, to('b'))).toEqual([
      't: push a was acknowledged, is not visible and was not overtaken',
    ]);
  });

  it('lets a repeated push count again, but not more often than it was sent', () => {
    const attempts = [
      { sentAt: 0, acknowledgedAt: null },
      { sentAt: 200, acknowledgedAt: 210 },
    ];
    const pushes = [push('a', 0, { attempts }), push('b', 100)];
    expect(check(pushes, to('a', 'b', 'a'))).toEqual([]);
    expect(check([push('a', 0), push('b', 5)], to('a', 'b', 'a'))).toContainEqual(
      't: push a counted 2 times: must be at most 1',
    );
  });

  it('lets a push with a key count once, however often it was sent', () => {
    const attempts = [
      { sentAt: 0, acknowledgedAt: null },
      { sentAt: 200, acknowledgedAt: 210 },
    ];
    const pushes = [push('a', 0, { attempts, once: true }), push('b', 100)];
    expect(check(pushes, to('a', 'b'))).toEqual([]);
    expect(check(pushes, to('a', 'b', 'a'))).toContainEqual('t: push a counted 2 times: must be at most 1');
  });

  it('is broken if a change says what nobody pushed', () => {
    expect(check([push('a', 0)], to('x', 'a'))).toContainEqual('t: nobody pushed what change 1 says, x');
  });

  it('is broken if a change replaces another digest than the one before it set', () => {
    const [a, b] = to('a', 'b');
    const changes = [a, { ...b, previousDigest: 'z' }] as HistoryChange[];
    expect(check([push('a', 0), push('b', 5)], changes)).toEqual([
      't: change 2 replaces z, but the tag was at a',
    ]);
  });

  it('is broken if a change changes nothing', () => {
    const attempts = [
      { sentAt: 0, acknowledgedAt: null },
      { sentAt: 200, acknowledgedAt: 210 },
    ];
    expect(check([push('a', 0, { attempts })], to('a', 'a'))).toEqual(['t: change 2 changes nothing']);
  });

  it('is broken if the tag ends elsewhere than its last change says', () => {
    const state = new Map([['t', 'a']]);
    expect(check([push('a', 0), push('b', 100)], to('a', 'b'), { state })).toEqual([
      't ends at a, its last change says b',
    ]);
  });
});

describe('positions', () => {
  it('are sound if each is one more than the one before', () => {
    expect(checkPositions([1, 2, 3])).toEqual([]);
    expect(checkPositions([])).toEqual([]);
  });

  it('are broken if one is missing', () => {
    expect(checkPositions([1, 2, 4])).toEqual(['position 4 follows 2: must be 3']);
    expect(checkPositions([2])).toEqual(['position 2 follows the beginning: must be 1']);
  });

  it('are broken if one was given out twice', () => {
    expect(checkPositions([1, 2, 2, 3])).toEqual(['position 2 follows 2: must be 3']);
  });
});
