/** The live list of changes: bounded, without a hole, and still where somebody points at it. */
import { describe, expect, it } from 'vitest';
import { FeedError, type FeedEvent } from '../../../client/src/index.ts';
import type { ChangeRow } from '../../../dashboard/src/gateway/index-answers.ts';
import { LiveChanges } from '../../../dashboard/src/gateway/live-changes.ts';
import { LiveRows, maxShown, maxWaiting } from '../../../dashboard/src/lib/live-rows.ts';
import { fakeClock } from '../../support/fake-clock.ts';

const row = (sequence: number) => ({ position: `e-${sequence}` });
const rows = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => row(from + index));
const positions = (list: readonly { readonly position: string }[]) => list.map(({ position }) => position);

describe('LiveRows', () => {
  it('shows what came, newest first, once it is taken', () => {
    const list = new LiveRows();
    list.fill([row(2), row(1)]);
    list.add(row(3));
    list.add(row(4));
    expect([positions(list.shown), list.waiting]).toEqual([['e-2', 'e-1'], 2]);
    expect(list.take()).toBe(true);
    expect([positions(list.shown), list.waiting]).toEqual([['e-4', 'e-3', 'e-2', 'e-1'], 0]);
    expect(list.take()).toBe(false);
  });

  it('takes nothing twice: the past may have what has just come', () => {
    const list = new LiveRows();
    list.add(row(3));
    list.fill([row(3), row(2)]);
    list.add(row(2));
    list.take();
    expect(positions(list.shown)).toEqual(['e-3', 'e-2']);
  });

  it('has a bounded number of rows', () => {
    const list = new LiveRows();
    list.fill(rows(0, maxShown).reverse());
    expect(list.wasCut).toBe(false);
    list.add(row(maxShown));
    list.take();
    expect([list.shown.length, list.wasCut]).toEqual([maxShown, true]);
    expect(list.shown.at(-1)).toEqual(row(1));
  });

  it('of more than may wait keeps the newest, counts all, and then shows no hole', () => {
    const list = new LiveRows();
    list.fill([row(0)]);
    for (const each of rows(1, maxWaiting + 101)) list.add(each);
    expect(list.waiting).toBe(maxWaiting + 100);
    list.take();
    const newest = rows(0, maxWaiting + 101)
      .reverse()
      .slice(0, maxShown);
    expect(positions(list.shown)).toEqual(positions(newest));
    expect([list.waiting, list.wasCut]).toEqual([0, true]);
  });

  it('begins anew', () => {
    const list = new LiveRows();
    list.fill([row(0)]);
    list.add(row(1));
    list.clear();
    expect([list.shown, list.waiting, list.wasCut]).toEqual([[], 0, false]);
  });
});

const change = (sequence: number) => ({
  ...{ ...row(sequence), type: 'tag.updated' as const, registry: 'docker.io', repository: 'library/nginx' },
  ...{ tag: '1.27', digest: null, previousDigest: null, mediaType: null, size: null, platforms: null },
  ...{ occurredAt: '2026-01-01T00:00:00.000Z', recordedAt: '2026-01-01T00:00:00.000Z', origin: 'poll' },
});
const coming = (sequence: number): FeedEvent => ({
  ...{ kind: 'change', change: change(sequence), resume: `e-${sequence}` },
});
const ready: FeedEvent = { kind: 'ready', position: 'e-2' };
const reset: FeedEvent = { kind: 'reset', reason: 'epoch', position: 'f-0', floor: 'f-0' };

/** @param pasts what each reading of the past gives, or fails with */
function play(pasts: readonly (readonly ChangeRow[] | Error)[]) {
  const clock = fakeClock();
  const events: (FeedEvent | Error)[] = [];
  let wake = () => {};
  const page = { mayMove: true, inSight: 3 };
  let read = 0;
  const changes = new LiveChanges({
    async *follow(signal) {
      while (!signal.aborted) {
        const event = events.shift();
        if (event instanceof Error) throw event;
        if (event !== undefined) yield event;
        else await new Promise<void>((resolve) => (wake = resolve));
      }
    },
    past: async () => {
      const past = pasts[read++] ?? [];
      if (past instanceof Error) throw past;
      return { changes: past, next: null };
    },
    mayMove: () => page.mayMove,
    inSight: () => page.inSight,
    clock,
  });
  const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
  const send = async (...sent: (FeedEvent | Error)[]) => {
    events.push(...sent);
    wake();
    await settle();
    await settle();
  };
  const shown = () => positions(changes.view.value.rows);
  return { changes, clock, page, send, settle, shown, reads: () => read };
}

describe('LiveChanges', () => {
  it('shows the past, and draws what comes four times a second', async () => {
    const { changes, clock, send, shown } = play([[change(2), change(1)]]);
    await send(ready);
    expect([shown(), changes.view.value.isReady]).toEqual([['e-2', 'e-1'], true]);
    await send(coming(3), coming(4));
    clock.advance(249);
    expect(shown()).toEqual(['e-2', 'e-1']);
    clock.advance(1);
    expect(shown()).toEqual(['e-4', 'e-3', 'e-2', 'e-1']);
  });

  it('shows nothing of a change of another form, and says why no more come', async () => {
    const { changes, clock, send, shown } = play([[change(2)]]);
    const odd = { ...coming(3), change: { ...change(3), digest: 5 } };
    await send(ready, odd as never, coming(4));
    clock.advance(250);
    expect(shown()).toEqual(['e-2']);
    expect(changes.view.value.error?.message).toBe('read answer: change.digest: must be a string');
  });

  it('counts what comes while the list may not move, and shows it later or when asked', async () => {
    const { changes, clock, page, send, shown } = play([[change(2)]]);
    await send(ready);
    page.mayMove = false;
    await send(coming(3));
    clock.advance(250);
    expect([shown(), changes.view.value.waiting]).toEqual([['e-2'], 1]);
    changes.showNew();
    expect([shown(), changes.view.value.waiting]).toEqual([['e-3', 'e-2'], 0]);
    await send(coming(4));
    clock.advance(500);
    page.mayMove = true;
    clock.advance(250);
    expect(shown()).toEqual(['e-4', 'e-3', 'e-2']);
  });

  it('draws once a second while more comes than anybody can read', async () => {
    const { changes, clock, send, shown } = play([[]]);
    await send(ready, ...rows(0, 20).map((_, index) => coming(index)));
    clock.advance(250);
    expect(shown()[0]).toBe('e-19');
    await send(coming(20));
    clock.advance(999);
    expect([shown()[0], changes.view.value.waiting]).toEqual(['e-19', 0]);
    clock.advance(1);
    await send(coming(21));
    clock.advance(250);
    expect(shown().slice(0, 2)).toEqual(['e-21', 'e-20']);
  });

  it('shows only the rows in sight while more comes than anybody can read, then all again', async () => {
    const { changes, clock, page, send, shown } = play([[change(2)]]);
    await send(ready, ...rows(3, 23).map((_, index) => coming(index + 3)));
    clock.advance(250);
    expect([shown().length, changes.view.value.hasOlder]).toEqual([21, false]);
    await send(...rows(23, 43).map((_, index) => coming(index + 23)));
    clock.advance(1_000);
    expect([shown(), changes.view.value.hasOlder]).toEqual([['e-42', 'e-41', 'e-40'], true]);
    await send(...rows(43, 63).map((_, index) => coming(index + 43)));
    page.mayMove = false;
    clock.advance(1_000);
    expect([shown()[0], shown().length, changes.view.value.waiting]).toEqual(['e-42', 41, 20]);
    page.mayMove = true;
    clock.advance(1_000);
    expect(shown()).toEqual(['e-62', 'e-61', 'e-60']);
    clock.advance(1_000);
    expect([shown()[0], shown().length, changes.view.value.hasOlder]).toEqual(['e-62', 61, false]);
    expect(clock.waiting).toBe(0);
  });

  it('reads the past again after a reset, and not after a mere reconnect', async () => {
    const { send, shown, reads } = play([[change(2)], [change(9)]]);
    await send(ready);
    await send(ready);
    expect(reads()).toBe(1);
    await send(reset, ready);
    expect([shown(), reads()]).toEqual([['e-9'], 2]);
  });

  it('tries again if the past cannot be read', async () => {
    const { changes, clock, send, settle, shown } = play([new FeedError('NETWORK', 'gone'), [change(1)]]);
    await send(ready);
    expect(changes.view.value).toMatchObject({ isReady: false, error: null });
    clock.advance(3_000);
    await settle();
    expect(shown()).toEqual(['e-1']);
  });

  it('says why no more changes come', async () => {
    const { changes, send } = play([]);
    await send(new FeedError('DENIED', 'subscribe: DENIED'));
    expect(changes.view.value.error?.message).toBe('subscribe: DENIED');
  });

  it('that is closed leaves no timer behind', async () => {
    const { changes, clock, send } = play([new FeedError('NETWORK', 'gone')]);
    await send(ready, coming(3));
    expect(clock.waiting).toBe(2);
    changes.close();
    expect(clock.waiting).toBe(0);
  });
});
