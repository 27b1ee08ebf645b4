import { afterEach, describe, expect, test } from 'vitest';
import { closeWorlds, open, pace } from '../../support/pace-world.ts';

afterEach(closeWorlds);

const stays = () => false;

describe('the list of subscribers', () => {
  test('tells of each who it is, what it wants and how far it is', async () => {
    const world = await open({});
    const member = world.join({ repository: ['team/a'], tag: ['1.*', 'latest'], platform: ['linux/amd64'] });
    await world.push('team/a');
    await world.settle();
    const { rows, next } = await world.hub.subscribers.page(-1, 10, stays);
    expect(next).toBeNull();
    expect(rows).toMatchObject([
      {
        ...{ number: member.subscriber.number, transport: 'sse', format: 'manifeed', address: '192.0.2.1' },
        ...{ token: null, state: 'live', lag: 0, heldUntil: null, blockedSince: null },
        position: `${world.hub.head.epoch}-1`,
        subscriptions: [
          {
            ...{ id: '', repository: ['registry.example.com/team/a'], tag: ['1.*', 'latest'] },
            ...{ platform: ['linux/amd64'], more: 0 },
          },
        ],
        moreSubscriptions: 0,
      },
    ]);
  });

  test('shows who is behind, by how much, and since when the socket takes nothing', async () => {
    const world = await open({});
    const { sink } = world.join();
    sink.room = 1;
    for (let n = 0; n < 3; n++) await world.push('team/a');
    await world.settle();
    const [row] = (await world.hub.subscribers.page(-1, 10, stays)).rows;
    expect(row).toMatchObject({ state: 'behind', lag: 2, position: `${world.hub.head.epoch}-1` });
    expect(Date.parse(row?.blockedSince ?? '')).toBe(world.clock.now());
  });

  test('says until when changes are held back, for those that still wait', async () => {
    const world = await open({ pace });
    for (let n = 0; n < 2_000; n++) world.join({ paced: true });
    await world.push('team/a');
    await world.pass(1_000);
    const { rows } = await world.hub.subscribers.page(-1, 1_000, stays);
    const waiting = rows.filter(({ heldUntil }) => heldUntil !== null);
    expect(waiting.length).toBeGreaterThan(100);
    expect(waiting.length).toBeLessThan(900);
    expect(waiting.every(({ lag }) => lag === 1)).toBe(true);
    const [first] = waiting;
    expect(Date.parse(first?.heldUntil ?? '') - world.clock.now()).toBeCloseTo(1_000, -2);
  });

  test('has each subscriber that stays on exactly one page, though others come and go', async () => {
    const world = await open({});
    const members = Array.from({ length: 250 }, () => world.join());
    const seen: number[] = [];
    for (let after: number | null = -1; after !== null; ) {
      const page = await world.hub.subscribers.page(after, 20, stays);
      expect(page.rows.length).toBeLessThanOrEqual(20);
      seen.push(...page.rows.map(({ number }) => number));
      const leaving = members.pop();
      if (leaving !== undefined) world.hub.disconnect(leaving.subscriber);
      world.join();
      after = page.next;
    }
    for (const { subscriber } of members.slice(0, 200)) {
      expect(seen.filter((number) => number === subscriber.number)).toHaveLength(1);
    }
  });

  test('shows twenty values of a list and twenty subscriptions, and says how many more there are', async () => {
    const world = await open({});
    const member = world.connect();
    const repository = Array.from({ length: 30 }, (_, index) => `team/r${index}`);
    for (let id = 0; id < 25; id++) world.subscribe(member, { id: String(id), repository });
    const [row] = (await world.hub.subscribers.page(-1, 10, stays)).rows;
    expect(row?.subscriptions).toHaveLength(20);
    expect(row?.moreSubscriptions).toBe(5);
    expect(row?.subscriptions[0]).toMatchObject({ more: 10 });
    expect(row?.subscriptions[0]?.repository).toHaveLength(20);
  });

  test('walks over 15,000 rows in turns of at most a hundred subscribers, and ends when the client leaves', async () => {
    const world = await open({});
    const members = Array.from({ length: 15_000 }, () => world.join());
    let turns = 0;
    let done = false;
    const count = () => {
      turns++;
      if (!done) setImmediate(count);
    };
    setImmediate(count);
    const { rows } = await world.hub.subscribers.page(-1, 1_000, stays);
    expect(rows).toHaveLength(1_000);
    expect(turns).toBeGreaterThanOrEqual(10);
    for (const { subscriber } of members.slice(1)) world.hub.disconnect(subscriber);
    turns = 0;
    expect((await world.hub.subscribers.page(-1, 1_000, stays)).rows).toHaveLength(1);
    expect(turns).toBeGreaterThanOrEqual(2);
    done = true;
    for (let n = 0; n < 300; n++) world.join();
    const cut = await world.hub.subscribers.page(-1, 1_000, () => true);
    expect(cut.rows.length).toBeLessThan(110);
  });
});
