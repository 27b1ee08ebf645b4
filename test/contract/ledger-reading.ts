import { describe, expect, test } from 'vitest';
import type { Change } from '../../src/event/change.ts';
import type { Ledger, Page } from '../../src/ledger/ledger.ts';
import {
  digestOf,
  manifestGone,
  manifestSeen,
  manifestType,
  tagGone,
  tagSeen,
  where,
} from '../support/ledger-samples.ts';
import { changesOf, fold, minuteMs, repository, t, until, type World } from './ledger-world.ts';

/** Positions, pages, seeks, the index and the tail. */
export function readingContract(world: World): void {
  const { record, minutes, later, tagsNow } = world;

  describe('positions', () => {
    test('a new ledger has a random epoch, nothing in it, and floor and head 0', async () => {
      const { epoch, floor, head } = await world.ledger.bounds();
      expect(epoch).toMatch(/^[0-9a-z]{8}$/);
      expect({ floor, head }).toEqual({ floor: 0, head: 0 });
      expect(await world.ledger.read(0, 10)).toEqual({ changes: [], next: 0, atHead: true });
      expect(await world.ledger.seek(t)).toBe(0);
      expect(await world.ledger.listTags({ limit: 10 })).toEqual({ tags: [], next: null, looked: 0 });
    });

    test('a new ledger is not damaged, and says what it takes and may still take, if it can know', async () => {
      const { bytes, freeBytes, damage } = await world.ledger.storage();
      expect(damage).toBeNull();
      if (bytes !== null) expect(bytes).toBeGreaterThan(0);
      if (freeBytes !== null) expect(freeBytes).toBeGreaterThan(0);
    });

    test('sequences begin at 1 and are dense over calls, repositories and kinds of change', async () => {
      await world.ledger.record([tagSeen('a', 'one', t), manifestSeen('bare', t)]);
      await world.ledger.record([tagSeen('a', 'one', t)]);
      await world.ledger.record([tagSeen('b', 'two', t, { repository: 'other/repo' }), tagGone('a', t)]);
      const { changes } = await world.ledger.read(0, 100);
      expect(changes.map((change) => change.sequence)).toEqual([1, 2, 3, 4]);
      expect((await world.ledger.bounds()).head).toBe(4);
    });

    test('a change carries everything the observation said, and when the ledger stored it', async () => {
      later(10);
      const { changes } = await world.ledger.record([tagSeen('1.27', 'one', minutes(5))]);
      expect(changes).toEqual([
        {
          epoch: (await world.ledger.bounds()).epoch,
          sequence: 1,
          type: 'tag.created',
          ...where,
          tag: '1.27',
          digest: digestOf('one'),
          previousDigest: null,
          mediaType: manifestType,
          size: 1_003,
          occurredAt: minutes(5),
          recordedAt: minutes(10),
          origin: 'webhook:test',
        },
      ]);
      expect((await world.ledger.read(0, 10)).changes).toEqual(changes);
    });

    test('calls made at the same time get dense sequences and each its own changes', async () => {
      const calls = Array.from({ length: 50 }, (_, i) => world.ledger.record([tagSeen(`t${i}`, 'one', t)]));
      const recorded = await Promise.all(calls);
      const sequences = recorded.flatMap(({ changes }) => changes.map(({ sequence }) => sequence));
      expect(sequences.sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, i) => i + 1));
      recorded.forEach(({ outcomes, changes }, i) => {
        expect(outcomes).toEqual(['changed']);
        expect(changes.map(({ tag }) => tag)).toEqual([`t${i}`]);
      });
    });

    test('an empty call records nothing', async () => {
      expect(await world.ledger.record([])).toEqual({ outcomes: [], changes: [] });
    });

    test('recordedAt never falls, though the clock is set back', async () => {
      await world.ledger.record([tagSeen('a', 'one', t)]);
      world.clock.setWall(t - 10 * minuteMs);
      await world.ledger.record([tagSeen('b', 'one', world.clock.now())]);
      const { changes } = await world.ledger.read(0, 10);
      expect(changes.map(({ recordedAt }) => recordedAt)).toEqual([t, t]);
    });
  });

  describe('reading', () => {
    const fill = async (count: number, repositoryOf = (_: number) => where.repository) => {
      for (let i = 1; i <= count; i++) {
        later(1);
        await world.ledger.record([
          tagSeen(`t${i}`, 'one', world.clock.now(), { repository: repositoryOf(i) }),
        ]);
      }
    };

    test('pages follow each other without gap or overlap', async () => {
      await fill(7);
      const pages = await readAll(world.ledger, 0, 3);
      expect(pages.map(({ changes }) => changes.map(({ sequence }) => sequence))).toEqual([
        [1, 2, 3],
        [4, 5, 6],
        [7],
      ]);
      expect(pages.map(({ atHead }) => atHead)).toEqual([false, false, true]);
      expect(await world.ledger.read(7, 10)).toEqual({ changes: [], next: 7, atHead: true });
    });

    test('a position that is not there is refused with the bounds', async () => {
      await fill(2);
      await expect(world.ledger.read(3, 10)).rejects.toMatchObject({
        code: 'POSITION_GONE',
        detail: { reason: 'ahead-of-head', position: 3, floor: 0, head: 2 },
      });
    });

    test('a filter by repository finds all of its changes, in pages', async () => {
      await fill(60, (i) => (i % 10 === 0 ? 'rare/one' : i % 10 === 5 ? 'rare/two' : where.repository));
      const filter = { repositories: [`${where.registry}/rare/one`, `${where.registry}/rare/two`] };
      const pages = await readAll(world.ledger, 3, 2, filter);
      const found = pages.flatMap(({ changes }) => changes);
      const wanted = found.filter(({ repository: name }) => name.startsWith('rare/'));
      expect(wanted.map(({ sequence }) => sequence)).toEqual([5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 60]);
      expect(pages.at(-1)).toMatchObject({ next: 60, atHead: true });
    });

    test('a filter that matches nothing comes to the head in bounded steps', async () => {
      await fill(50);
      const pages = await readAll(world.ledger, 0, 10, { repositories: [`${where.registry}/never/seen`] });
      expect(pages.at(-1)).toMatchObject({ next: 50, atHead: true });
    });

    test('a filter of many repositories looks at a bounded number of entries a page', async () => {
      await fill(50);
      const repositories = Array.from({ length: 200 }, (_, i) => `${where.registry}/never/seen${i}`);
      const pages = await readAll(world.ledger, 0, 10, { repositories });
      expect(pages.at(-1)).toMatchObject({ next: 50, atHead: true });
      expect(pages.every((page, i) => page.next - (pages[i - 1]?.next ?? 0) <= 50)).toBe(true);
    });

    test('seek finds the sequence just before a time', async () => {
      await fill(9);
      expect(await world.ledger.seek(t)).toBe(0);
      expect(await world.ledger.seek(minutes(1))).toBe(0);
      expect(await world.ledger.seek(minutes(4.5))).toBe(4);
      expect(await world.ledger.seek(minutes(5))).toBe(4);
      expect(await world.ledger.seek(minutes(9))).toBe(8);
      expect(await world.ledger.seek(minutes(10))).toBe(9);
    });

    test('seek finds the first of many changes of the same time', async () => {
      await fill(3);
      await world.ledger.record(['x', 'y', 'z'].map((tag) => tagSeen(tag, 'one', t)));
      expect(await world.ledger.seek(world.clock.now())).toBe(2);
    });
  });

  describe('the index', () => {
    test('says what each tag points at, since when, and by which change', async () => {
      later(10);
      await record(tagSeen('a', 'one', minutes(1)), tagSeen('a', 'two', minutes(2)));
      await record(tagSeen('a', 'two', minutes(3)));
      await record(tagSeen('s', 'one', minutes(4), { silent: true }));
      const { tags } = await world.ledger.listTags({ limit: 10 });
      const two = { digest: digestOf('two'), mediaType: manifestType, size: 1_003 };
      const one = { digest: digestOf('one'), mediaType: manifestType, size: 1_003 };
      expect(tags).toEqual([
        { ...where, tag: 'a', ...two, firstSeenAt: minutes(1), updatedAt: minutes(2), sequence: 2 },
        { ...where, tag: 's', ...one, firstSeenAt: minutes(4), updatedAt: minutes(4), sequence: 0 },
      ]);
    });

    test('is paged in order of registry, repository and tag, over all or some repositories', async () => {
      const other = { registry: 'docker.io', repository: 'library/nginx' };
      await record(
        ...['c', 'a', 'B', '1'].map((tag) => tagSeen(tag, 'one', t)),
        ...['y', 'x', 'z'].map((tag) => tagSeen(tag, 'one', t, { repository: 'app' })),
        tagSeen('latest', 'one', t, other),
      );
      await record(tagGone('y', t, { repository: 'app' }));
      expect(await allTags(world.ledger, 2)).toEqual([
        'docker.io/library/nginx:latest',
        ...['x', 'z'].map((tag) => `${where.registry}/app:${tag}`),
        ...['1', 'B', 'a', 'c'].map((tag) => `${repository}:${tag}`),
      ]);
      const repositories = [repository, 'docker.io/library/nginx', 'docker.io/no/such'];
      expect(await allTags(world.ledger, 1, repositories)).toEqual([
        'docker.io/library/nginx:latest',
        ...['1', 'B', 'a', 'c'].map((tag) => `${repository}:${tag}`),
      ]);
    });

    test('finds the tags of a registry whose host has neither a dot nor a port', async () => {
      await record(
        ...['a', 'b'].map((tag) => tagSeen(tag, 'one', t, { registry: 'harbor', repository: 'team/app' })),
      );
      expect(await allTags(world.ledger, 1, ['harbor/team/app'])).toEqual([
        'harbor/team/app:a',
        'harbor/team/app:b',
      ]);
    });

    test('equals the fold of the changes', async () => {
      later(10);
      await record(
        tagSeen('a', 'one', minutes(1)),
        tagSeen('b', 'one', minutes(1)),
        tagSeen('c', 'two', minutes(1)),
        tagGone('b', minutes(2)),
        tagSeen('c', 'three', minutes(2)),
        manifestGone('one', minutes(3)),
        tagSeen('b', 'four', minutes(4)),
      );
      const { changes } = await world.ledger.read(0, 100);
      expect(await tagsNow()).toEqual(fold(changes));
    });
  });

  describe('the tail', () => {
    test('hears every change after its start once, in order, and nothing after its stop', async () => {
      await record(tagSeen('before', 'one', t));
      const heard: Change[] = [];
      const stop = world.ledger.tail((event) => heard.push(...changesOf(event)));
      const calls = Array.from({ length: 20 }, (_, i) => world.ledger.record([tagSeen(`t${i}`, 'one', t)]));
      await Promise.all(calls);
      await until(() => heard.length >= 20);
      expect(heard.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 20 }, (_, i) => i + 2));
      expect(heard).toEqual((await world.ledger.read(1, 100)).changes);
      stop();
      stop();
      await record(tagSeen('after', 'one', t));
      expect(heard).toHaveLength(20);
    });

    test('is heard by each listener, and only where there are changes', async () => {
      const first: number[] = [];
      const second: number[] = [];
      world.ledger.tail((event) => first.push(changesOf(event).length));
      world.ledger.tail((event) => second.push(changesOf(event).length));
      await record(tagGone('a', t));
      await record(tagSeen('a', 'one', t), tagSeen('b', 'one', t));
      await until(() => first.length > 0 && second.length > 0);
      expect({ first, second }).toEqual({ first: [2], second: [2] });
    });
  });
}

async function readAll(
  ledger: Ledger,
  after: number,
  limit: number,
  filter?: { repositories: readonly string[] },
): Promise<Page[]> {
  const pages: Page[] = [];
  for (
    let page = await ledger.read(after, limit, filter);
    ;
    page = await ledger.read(page.next, limit, filter)
  ) {
    pages.push(page);
    if (page.atHead) return pages;
    expect(page.next).toBeGreaterThan(pages.at(-2)?.next ?? after);
    expect(page.changes.length).toBeLessThanOrEqual(limit);
  }
}

async function allTags(ledger: Ledger, limit: number, repositories?: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  const narrow = repositories === undefined ? {} : { within: { repositories } };
  for (let page = await ledger.listTags({ limit, ...narrow }); ; ) {
    expect(page.tags.length).toBeLessThanOrEqual(limit);
    found.push(...page.tags.map((row) => `${row.registry}/${row.repository}:${row.tag}`));
    if (page.next === null) return found;
    page = await ledger.listTags({ limit, ...narrow, after: page.next });
  }
}
