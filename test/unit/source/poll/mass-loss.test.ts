import { expect, it } from 'vitest';
import type { Change } from '../../../../src/event/change.ts';
import { isMassLoss, massLossTags, withheldMs } from '../../../../src/source/poll/losses.ts';
import type { Poller } from '../../../../src/source/poll/poller.ts';
import { compileScopes } from '../../../../src/source/poll/scopes.ts';
import type { Exchange } from '../../../../src/upstream/exchange.ts';
import { countingMetrics } from '../../../support/counting-metrics.ts';
import { memoryLedger, pollerOf, viewOf } from '../../../support/poll-rig.ts';
import { registryHeaders } from '../../../support/registry-headers.ts';
import { seeded, VirtualClock } from '../../../support/virtual-clock.ts';

const host = 'registry.example';
const key = `${host}/team/app`;
const intervalMs = 60_000;
const poll = {
  intervalMs,
  minIntervalMs: intervalMs,
  maxIntervalMs: intervalMs,
  requestsPerSecond: 100,
  concurrency: 4,
  onDemand: false,
};
const digest = `sha256:${'a'.repeat(64)}`;
const tagsOf = (count: number) => Array.from({ length: count }, (_, n) => `v${String(n).padStart(5, '0')}`);

/** A registry whose tags and faults the test holds, a ledger, and a gateway that can be started again. */
async function world(tags: readonly string[], scopes: readonly string[] = ['*']) {
  const clock = new VirtualClock();
  const ledger = await memoryLedger(clock);
  const listed = new Set(tags);
  const manifests = new Set(tags);
  const deleted: string[] = [];
  const metrics = countingMetrics();
  const headsByTag = new Map<string, number>();
  let heads = 0;
  let pollers = 0;
  const note = (_seen: unknown, { changes }: { readonly changes: readonly Change[] }) => {
    for (const change of changes) if (change.type === 'tag.deleted') deleted.push(change.tag ?? '');
  };
  const exchange: Exchange = {
    async send({ url, method }) {
      await clock.sleep(5);
      if (method === 'GET') {
        return { status: 200, headers: {}, body: Buffer.from(JSON.stringify({ tags: [...listed] })) };
      }
      heads += 1;
      const tag = url.pathname.split('/').at(-1) ?? '';
      headsByTag.set(tag, (headsByTag.get(tag) ?? 0) + 1);
      const there = manifests.has(tag);
      const headers = there ? { 'docker-content-digest': digest } : registryHeaders;
      return { status: there ? 200 : 404, headers, body: Buffer.alloc(0) };
    },
    async close() {},
  };
  const open = (): Poller => {
    pollers += 1;
    return pollerOf({
      registries: [{ host, poll }],
      watch: [{ repository: key, tags: scopes }],
      ledger: viewOf(ledger, note),
      exchangeFor: () => exchange,
      clock,
      metrics,
      random: seeded(pollers),
    });
  };
  let poller = open();
  await poller.start();
  const made = {
    clock,
    deleted,
    losses: () => metrics.value('poll_mass_losses_total'),
    heads: () => heads,
    headsByTag,
    lose(lost: Iterable<string>) {
      for (const tag of lost) {
        listed.delete(tag);
        manifests.delete(tag);
      }
    },
    loseManifests(lost: Iterable<string>) {
      for (const tag of lost) manifests.delete(tag);
    },
    restore() {
      for (const tag of tags) {
        listed.add(tag);
        manifests.add(tag);
      }
    },
    intervals: (count: number) => clock.run(clock.monotonic() + count * intervalMs),
    async restart() {
      await poller.close();
      poller = open();
      await poller.start();
    },
    confirm: () => poller.confirm(host, 'team/app'),
    close: () => poller.close(),
  };
  await made.intervals(3);
  return made;
}

it.each([1, 3, 40])(
  'a repository that is empty at one look loses nothing, and its %i tags are gone after a second one',
  async (count) => {
    const tags = tagsOf(count);
    const { lose, intervals, deleted, losses, close } = await world(tags);
    lose(tags);
    await intervals(1.2);
    expect([deleted, losses()]).toEqual([[], 1]);
    await intervals(4);
    expect([deleted.sort(), losses()]).toEqual([tags, 1]);
    await close();
  },
);

it.each([
  ['a pattern', 40, false],
  ['exact tags', 40, true],
  ['a few tags', 5, false],
])(
  'a registry that is empty for 20 s at whatever moment makes no change at all: %s',
  async (_name, count, exact) => {
    const tags = tagsOf(count);
    const { lose, restore, clock, intervals, deleted, close } = await world(tags, exact ? tags : ['*']);
    for (let n = 0; n < 40; n += 1) {
      await clock.run(clock.monotonic() + 7_000);
      lose(tags);
      await clock.run(clock.monotonic() + 20_000);
      restore();
      await intervals(3);
    }
    expect(deleted).toEqual([]);
    await close();
  },
);

it('tags that are deleted while a long look runs are announced', async () => {
  const tags = tagsOf(40);
  const { lose, clock, intervals, deleted, losses, close } = await world(tags);
  for (let n = 0; n < 10; n += 1) {
    await clock.run(clock.monotonic() + 11_000);
    lose(tags.slice(2 * n, 2 * n + 2));
    await intervals(3);
  }
  expect([deleted.sort(), losses()]).toEqual([tags.slice(0, 20), 0]);
  await close();
});

it('webhooks that hasten the looks do not shorten the wait', async () => {
  const tags = tagsOf(12);
  const { lose, clock, confirm, intervals, deleted, losses, close } = await world(tags);
  lose(tags.slice(2));
  while (losses() === 0) await clock.run(clock.monotonic() + 1_000);
  for (let n = 0; n < 8; n += 1) {
    await confirm();
    await clock.run(clock.monotonic() + 6_000);
  }
  expect(deleted).toEqual([]);
  await intervals(2);
  expect(deleted.sort()).toEqual(tags.slice(2));
  await close();
});

it('a restart between the two looks begins the wait again', async () => {
  const tags = tagsOf(12);
  const { lose, clock, restart, intervals, deleted, losses, close } = await world(tags);
  lose(tags);
  while (losses() < 1) await clock.run(clock.monotonic() + 1_000);
  await restart();
  while (losses() < 2) await clock.run(clock.monotonic() + 1_000);
  expect(deleted).toEqual([]);
  await intervals(3);
  expect(deleted.sort()).toEqual(tags);
  await close();
});

it('exact tags that are all gone wait for a second look too', async () => {
  const { lose, intervals, deleted, close } = await world(['a', 'b', 'c'], ['a', 'b', 'c']);
  lose(['a', 'b', 'c']);
  await intervals(1.2);
  expect(deleted).toEqual([]);
  await intervals(3);
  expect(deleted.sort()).toEqual(['a', 'b', 'c']);
  await close();
});

it('asking again at the end of a look costs no HEAD for each tag that is gone', async () => {
  const tags = tagsOf(200);
  const { loseManifests, clock, headsByTag, deleted, close } = await world(tags);
  const lost = tags.slice(0, 80);
  loseManifests(lost);
  headsByTag.clear();
  while (deleted.length === 0) await clock.run(clock.monotonic() + 100);
  const counts = lost.map((tag) => headsByTag.get(tag) ?? 0);
  const least = Math.min(...counts);
  expect(least).toBeGreaterThan(0);
  expect(counts.filter((count) => count > least)).toEqual(Array.from({ length: 16 }, () => least + 1));
  await clock.run(clock.monotonic() + 1_000);
  expect(deleted).toHaveLength(lost.length);
  await close();
});

it('a minority that is gone is announced by the first look', async () => {
  const tags = tagsOf(40);
  const { lose, intervals, deleted, losses, close } = await world(tags);
  lose(tags.slice(0, 20));
  await intervals(2.5);
  expect([deleted.sort(), losses()]).toEqual([tags.slice(0, 20), 0]);
  await close();
});

it('a registry that lists its tags but has lost the manifests is not believed at once either', async () => {
  const tags = tagsOf(1_000);
  const { loseManifests, restore, intervals, deleted, losses, close } = await world(tags);
  await intervals(10);
  loseManifests(tags);
  await intervals(1.2);
  restore();
  await intervals(3);
  expect([deleted, losses()]).toEqual([[], 1]);
  await close();
});

it('a withheld loss of thousands of tags costs no HEAD for each of them', async () => {
  const tags = tagsOf(2_000);
  const { lose, intervals, heads, deleted, close } = await world(tags);
  await intervals(30);
  lose(tags);
  const before = heads();
  await intervals(1);
  expect(heads() - before).toBe(0);
  await intervals(40);
  expect(deleted).toHaveLength(2_000);
  await close();
});

const evidence = {
  scopes: compileScopes(['*']),
  listed: true,
  asked: new Set<string>(),
  gone: new Set<string>(),
};
const knownOf = (tags: readonly string[]) => new Map(tags.map((tag) => [tag, digest] as const));

it.each([
  [1, 0, false],
  [1, 1, true],
  [massLossTags - 1, massLossTags - 2, false],
  [massLossTags - 1, massLossTags - 1, true],
  [massLossTags, massLossTags / 2, false],
  [massLossTags, massLossTags / 2 + 1, true],
])('of %i known tags %i missing is a mass loss: %s', (known, lost, expected) => {
  const tags = tagsOf(known);
  const missing = new Set(tags.slice(0, lost));
  expect(isMassLoss({ ...evidence, known: knownOf(tags), missing })).toBe(expected);
});

it('a clock that was set back makes the wait begin again, never end', () => {
  expect(withheldMs(0, 1_000, 60)).toBe(60);
  expect(withheldMs(1_000, 1_010, 60)).toBe(50);
  expect(withheldMs(1_000, 1_060, 60)).toBe(0);
  expect(withheldMs(1_000, 900, 60)).toBe(60);
});
