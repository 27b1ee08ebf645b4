import { describe, expect, test } from 'vitest';
import type { FilterInput } from '../../../src/event/filter.ts';
import { Frame } from '../../../src/fanout/frame.ts';
import { History } from '../../../src/fanout/history.ts';
import { everything, filterOf, keyOf, openWorld } from '../../support/hub-world.ts';

const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, n) => from + n);

function request(input: FilterInput = {}) {
  return { owner: '', grant: everything, filter: filterOf(input), isCancelled: () => false };
}

async function filled(count: number) {
  const world = await openWorld({ history: { maxFrames: 1 } });
  for (let n = 0; n < count; n++) await world.push(n % 2 === 0 ? 'team/a' : 'team/b');
  await world.settle();
  return world;
}

describe('history', () => {
  test('the newest frames come from memory, as many as it may keep', async () => {
    const world = await openWorld();
    for (let n = 0; n < 100; n++) await world.push('team/a');
    const history = new History(world.ledger, { maxFrames: 10, pageSize: 4 });
    for (const change of world.changes) history.push(new Frame(change));
    const { reads } = world.ledger;
    const page = await history.page(95);
    expect(page.frames.map((frame) => frame.sequence)).toEqual([96, 97, 98, 99]);
    expect(page.next).toBe(99);
    expect(world.ledger.reads).toBe(reads);
    const [again] = (await history.page(95)).frames;
    expect(again).toBe(page.frames[0]);
    const old = await history.page(70);
    expect(old.frames.map((frame) => frame.sequence)).toEqual([71, 72, 73, 74]);
    expect(world.ledger.reads).toBe(reads + 1);
  });

  test('a page that many want at once is read once, and kept', async () => {
    const world = await filled(50);
    const history = new History(world.ledger, { pageSize: 10 });
    await Promise.all(numbers(1, 100).map(() => history.page(5)));
    await history.page(5);
    expect(world.ledger.reads).toBe(1);
    await history.page(5, { repositories: [keyOf('team/a')] });
    expect(world.ledger.reads).toBe(2);
  });

  test('only so many reads are made at a time', async () => {
    const world = await filled(50);
    const history = new History(world.ledger, { pageSize: 1, maxReads: 3 });
    world.ledger.held = true;
    const pages = numbers(0, 19).map((after) => history.page(after));
    await world.settle();
    expect(world.ledger.reads).toBe(3);
    world.ledger.held = false;
    world.ledger.release();
    await Promise.all(pages);
    expect(world.ledger.reads).toBe(20);
  });

  test('only so many pages are kept', async () => {
    const world = await filled(50);
    const history = new History(world.ledger, { pageSize: 1, maxPages: 2 });
    for (const after of [1, 2, 3]) await history.page(after);
    await history.page(3);
    expect(world.ledger.reads).toBe(3);
    await history.page(1);
    expect(world.ledger.reads).toBe(4);
  });

  test('an empty page and a failed one are read again', async () => {
    const world = await filled(3);
    const history = new History(world.ledger);
    expect(await history.page(3)).toEqual({ frames: [], next: 3 });
    await world.push('team/a');
    expect((await history.page(3)).next).toBe(4);
    world.ledger.away = true;
    await expect(history.page(1)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    world.ledger.away = false;
    expect((await history.page(1)).next).toBe(4);
  });

  test('a short page hides nothing of what came after it', async () => {
    const world = await filled(3);
    const history = new History(world.ledger);
    expect((await history.page(0)).next).toBe(3);
    await world.push('team/a');
    const page = await history.page(0);
    expect((await history.page(page.next)).frames.map((frame) => frame.sequence)).toEqual([4]);
  });
});

describe('recent frames', () => {
  test('are the newest that match, oldest first', async () => {
    const world = await filled(2_000);
    const odd = await world.hub.recent(300, request({ repository: ['team/a'] }));
    expect(odd.map((frame) => frame.sequence)).toEqual(numbers(851, 1_150).map((n) => 2 * n - 301));
  });

  test('miss nothing between pages that are shorter than the window', async () => {
    const world = await openWorld({ history: { maxFrames: 1, pageSize: 7 } });
    for (let n = 0; n < 600; n++) await world.push('team/a');
    await world.settle();
    const frames = await world.hub.recent(500, request());
    expect(frames.map((frame) => frame.sequence)).toEqual(numbers(101, 600));
  });

  test('are looked for among the newest 10,000 changes only', async () => {
    const world = await openWorld({ history: { maxFrames: 20_000 } });
    await world.push('team/rare');
    for (let n = 0; n < 10_000; n++) await world.push('team/a');
    await world.settle();
    const rare = await world.hub.recent(5, request({ repository: ['team/rare'] }));
    expect(rare).toEqual([]);
  });
});
