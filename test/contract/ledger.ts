/**
 * What every ledger must do, whatever it stores in. Each implementation's test file calls `ledgerContract`.
 * Time is the fake clock's; `t` is its time when the ledger opens.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Change } from '../../src/event/change.ts';
import type { Observation } from '../../src/event/observation.ts';
import type { Ledger, Page, TailEvent } from '../../src/ledger/ledger.ts';
import type { LedgerLimits, LedgerOptions } from '../../src/ledger/options.ts';
import { type FakeClock, fakeClock } from '../support/fake-clock.ts';
import {
  baselined,
  digestOf,
  manifestGone,
  manifestSeen,
  manifestType,
  repositoryGone,
  tagGone,
  tagSeen,
  where,
} from '../support/ledger-samples.ts';

export interface ContractOptions extends LedgerOptions {
  readonly clock: FakeClock;
  readonly limits: Partial<LedgerLimits>;
}

export interface Opened {
  readonly ledger: Ledger;
  /** Closes the ledger and opens what it stored again; absent only where nothing survives. */
  readonly reopen?: () => Promise<Ledger>;
  /** Closes the ledger (and the one reopened) and removes what it stored. */
  readonly close: () => Promise<void>;
}

export type OpenLedger = (options: ContractOptions) => Promise<Opened>;

const minuteMs = 60_000;
const retention = { maxChanges: 1_000, maxAgeMs: 60 * minuteMs };
/** Lowered, so that the suite can overflow them; every implementation must honour these four. */
const limits = { maxPending: 4, maxDeliveryKeys: 5, maxScopesPerRepository: 3, maxScanned: 20 };
const repository = `${where.registry}/${where.repository}`;

/** @param survives false where the ledger ends with the process, so that there is nothing to open again */
export function ledgerContract(name: string, open: OpenLedger, { survives = true } = {}): void {
  describe(`ledger contract: ${name}`, () => {
    let clock: FakeClock;
    let opened: Opened;
    let ledger: Ledger;
    let t: number;

    beforeEach(async () => {
      clock = fakeClock();
      t = clock.now();
      opened = await open({ clock, random: Math.random, retention, limits });
      ledger = opened.ledger;
    });
    afterEach(() => opened.close());

    /** Records and gives, for each observation, its outcome; then each change as `type tag word←word`. */
    const record = async (...observations: Observation[]) => {
      const { outcomes, changes } = await ledger.record(observations);
      return [...outcomes, ...changes.map(brief)];
    };
    const minutes = (count: number) => t + count * minuteMs;
    const later = (count: number) => clock.advance(count * minuteMs);
    const tagsNow = async () => {
      const { tags } = await ledger.tags({ limit: 1_000 });
      return tags.map((row) => `${row.tag} ${word(row.digest)}`);
    };

    describe('positions', () => {
      test('a new ledger has a random epoch, nothing in it, and floor and head 0', async () => {
        const { epoch, floor, head } = await ledger.bounds();
        expect(epoch).toMatch(/^[0-9a-z]{8}$/);
        expect({ floor, head }).toEqual({ floor: 0, head: 0 });
        expect(await ledger.read(0, 10)).toEqual({ changes: [], next: 0, atHead: true });
        expect(await ledger.seek(t)).toBe(0);
        expect(await ledger.tags({ limit: 10 })).toEqual({ tags: [], cursor: null });
      });

      test('sequences begin at 1 and are dense over calls, repositories and kinds of change', async () => {
        await ledger.record([tagSeen('a', 'one', t), manifestSeen('bare', t)]);
        await ledger.record([tagSeen('a', 'one', t)]);
        await ledger.record([tagSeen('b', 'two', t, { repository: 'other/repo' }), tagGone('a', t)]);
        const { changes } = await ledger.read(0, 100);
        expect(changes.map((change) => change.sequence)).toEqual([1, 2, 3, 4]);
        expect((await ledger.bounds()).head).toBe(4);
      });

      test('a change carries everything the observation said, and when the ledger stored it', async () => {
        later(10);
        const { changes } = await ledger.record([tagSeen('1.27', 'one', minutes(5))]);
        expect(changes).toEqual([
          {
            epoch: (await ledger.bounds()).epoch,
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
        expect((await ledger.read(0, 10)).changes).toEqual(changes);
      });

      test('calls made at the same time get dense sequences and each its own changes', async () => {
        const calls = Array.from({ length: 50 }, (_, i) => ledger.record([tagSeen(`t${i}`, 'one', t)]));
        const recorded = await Promise.all(calls);
        const sequences = recorded.flatMap(({ changes }) => changes.map(({ sequence }) => sequence));
        expect(sequences.sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, i) => i + 1));
        recorded.forEach(({ outcomes, changes }, i) => {
          expect(outcomes).toEqual(['changed']);
          expect(changes.map(({ tag }) => tag)).toEqual([`t${i}`]);
        });
      });

      test('an empty call records nothing', async () => {
        expect(await ledger.record([])).toEqual({ outcomes: [], changes: [] });
      });

      test('recordedAt never falls, though the clock is set back', async () => {
        await ledger.record([tagSeen('a', 'one', t)]);
        clock.setWall(t - 10 * minuteMs);
        await ledger.record([tagSeen('b', 'one', clock.now())]);
        const { changes } = await ledger.read(0, 10);
        expect(changes.map(({ recordedAt }) => recordedAt)).toEqual([t, t]);
      });
    });

    describe('tags', () => {
      test('an unknown tag is created; the same again is unchanged; another digest updates it', async () => {
        later(10);
        expect(await record(tagSeen('a', 'one', minutes(1)))).toEqual(['changed', 'tag.created a one←']);
        expect(await record(tagSeen('a', 'one', minutes(2)))).toEqual(['unchanged']);
        expect(await record(tagSeen('a', 'two', minutes(3)))).toEqual(['changed', 'tag.updated a two←one']);
      });

      test('an older answer never flips a tag back', async () => {
        later(10);
        await record(tagSeen('a', 'one', minutes(1)), tagSeen('a', 'two', minutes(5)));
        expect(await record(tagSeen('a', 'one', minutes(4)))).toEqual(['stale']);
        expect(await record(tagGone('a', minutes(4)))).toEqual(['stale']);
        expect(await record(tagSeen('a', null, minutes(4)))).toEqual(['stale']);
        expect(await record(tagSeen('a', 'two', minutes(4)))).toEqual(['unchanged']);
        expect(await tagsNow()).toEqual(['a two']);
      });

      test('seeing the same digest again makes answers from before that stale', async () => {
        later(10);
        await record(tagSeen('a', 'one', minutes(1)), tagSeen('a', 'one', minutes(5)));
        expect(await record(tagSeen('a', 'zero', minutes(3)))).toEqual(['stale']);
      });

      test('of two answers with the same time the one that arrives last counts', async () => {
        await record(tagSeen('a', 'one', t));
        expect(await record(tagSeen('a', 'two', t))).toEqual(['changed', 'tag.updated a two←one']);
      });

      test('a time in the future counts as now', async () => {
        const { changes } = await ledger.record([tagSeen('a', 'one', minutes(30))]);
        expect(changes[0]?.occurredAt).toBe(t);
        later(1);
        expect(await record(tagSeen('a', 'two', minutes(1)))).toEqual(['changed', 'tag.updated a two←one']);
      });

      test('a tag that is gone is deleted once, says what it was, and can be created again', async () => {
        later(10);
        await record(tagSeen('a', 'one', minutes(1)));
        expect(await record(tagGone('a', minutes(2)))).toEqual(['changed', 'tag.deleted a ←one']);
        expect(await record(tagGone('a', minutes(3)))).toEqual(['unchanged']);
        expect(await record(tagSeen('a', 'one', minutes(2.5)))).toEqual(['stale']);
        expect(await record(tagGone('a', minutes(2.5)))).toEqual(['stale']);
        expect(await tagsNow()).toEqual([]);
        expect(await record(tagSeen('a', 'one', minutes(4)))).toEqual(['changed', 'tag.created a one←']);
        const { changes } = await ledger.read(1, 1);
        expect(changes[0]).toMatchObject({ digest: null, mediaType: null, size: null });
      });

      test('an unknown tag that is gone is unknown and leaves no trace', async () => {
        later(10);
        expect(await record(tagGone('a', minutes(5)))).toEqual(['unknown']);
        expect(await record(tagSeen('a', 'one', minutes(4)))).toEqual(['changed', 'tag.created a one←']);
      });

      test('a silent first look fills the index, and only where the tag was unknown', async () => {
        later(10);
        const silent = { silent: true };
        expect(await record(tagSeen('a', 'one', minutes(1), silent))).toEqual(['filled']);
        expect(await tagsNow()).toEqual(['a one']);
        expect(await record(tagSeen('a', 'two', minutes(2), silent))).toEqual([
          'changed',
          'tag.updated a two←one',
        ]);
        await record(tagGone('a', minutes(3)));
        expect(await record(tagSeen('a', 'two', minutes(4), silent))).toEqual([
          'changed',
          'tag.created a two←',
        ]);
        expect((await ledger.bounds()).head).toBe(3);
      });

      test('tags of the same name in other repositories and registries are other tags', async () => {
        await record(tagSeen('a', 'one', t));
        expect(await record(tagSeen('a', 'one', t, { repository: 'other/repo' }))).toEqual([
          'changed',
          'tag.created a one←',
        ]);
        expect(await record(tagSeen('a', 'two', t, { registry: 'docker.io' }))).toEqual([
          'changed',
          'tag.created a two←',
        ]);
      });
    });

    describe('tags without a digest', () => {
      test('go out with a null digest; the digest learned later makes no second change', async () => {
        later(10);
        expect(await record(tagSeen('a', null, minutes(1)))).toEqual(['changed', 'tag.created a ←']);
        expect(await tagsNow()).toEqual(['a ']);
        expect(await record(tagSeen('a', 'one', minutes(2)))).toEqual(['filled']);
        const { tags } = await ledger.tags({ limit: 10 });
        expect(tags[0]).toMatchObject({
          digest: digestOf('one'),
          mediaType: manifestType,
          firstSeenAt: minutes(1),
          updatedAt: minutes(1),
          sequence: 1,
        });
        expect(await record(tagSeen('a', 'two', minutes(3)))).toEqual(['changed', 'tag.updated a two←one']);
      });

      test('update a known tag when they are newer, and keep what it was', async () => {
        later(10);
        await record(tagSeen('a', 'one', minutes(1)));
        expect(await record(tagSeen('a', null, minutes(1)))).toEqual(['unchanged']);
        expect(await record(tagSeen('a', null, minutes(2)))).toEqual(['changed', 'tag.updated a ←one']);
        expect(await record(tagSeen('a', null, minutes(2)))).toEqual(['unchanged']);
        expect(await record(tagSeen('a', null, minutes(1)))).toEqual(['unchanged']);
        expect(await record(tagSeen('a', 'one', minutes(1.5)))).toEqual(['stale']);
        expect(await record(tagSeen('a', null, minutes(3)))).toEqual(['changed', 'tag.updated a ←']);
        expect(await record(tagSeen('a', 'two', minutes(3)))).toEqual(['filled']);
        expect(await tagsNow()).toEqual(['a two']);
      });
    });

    describe('manifests', () => {
      test('a digest pushed alone is announced once', async () => {
        expect(await record(manifestSeen('one', t))).toEqual(['changed', 'manifest.pushed - one←']);
        expect(await record(manifestSeen('one', t))).toEqual(['unchanged']);
      });

      test('a digest known by a tag is no news', async () => {
        await record(tagSeen('a', 'one', t));
        expect(await record(manifestSeen('one', t))).toEqual(['unchanged']);
        expect(await record(manifestSeen('one', t, { repository: 'other/repo' }))).toEqual([
          'changed',
          'manifest.pushed - one←',
        ]);
      });

      test('deleting a digest deletes the tags at it, by name, then the digest', async () => {
        later(10);
        await record(
          tagSeen('b', 'one', minutes(1)),
          tagSeen('a', 'one', minutes(1)),
          tagSeen('c', 'two', minutes(1)),
          tagSeen('a', 'one', minutes(1), { repository: 'other/repo' }),
        );
        expect(await record(manifestGone('one', minutes(2)))).toEqual([
          'changed',
          'tag.deleted a ←one',
          'tag.deleted b ←one',
          'manifest.deleted - one←',
        ]);
        expect(await record(manifestGone('one', minutes(3)))).toEqual(['unchanged']);
        expect(await tagsNow()).toEqual(['c two', 'a one']);
      });

      test('the deletion of a digest that the repository never had is unknown: it may be a blob', async () => {
        await record(tagSeen('a', 'one', t, { repository: 'other/repo' }));
        expect(await record(manifestGone('one', t))).toEqual(['unknown']);
      });

      test('a deletion older than the last sight of the digest is stale', async () => {
        later(10);
        await record(tagSeen('a', 'one', minutes(1)), manifestSeen('one', minutes(5)));
        expect(await record(manifestGone('one', minutes(4)))).toEqual(['stale']);
        expect(await tagsNow()).toEqual(['a one']);
      });

      test('a tag that moved away before its old digest was deleted stays', async () => {
        later(10);
        await record(tagSeen('a', 'one', minutes(1)), tagSeen('a', 'two', minutes(3)));
        expect(await record(manifestGone('one', minutes(2)))).toEqual(['changed', 'manifest.deleted - one←']);
        expect(await tagsNow()).toEqual(['a two']);
      });

      test('a push from before the deletion of its digest is stale, a newer one brings it back', async () => {
        later(10);
        await record(manifestSeen('one', minutes(1)), manifestGone('one', minutes(3)));
        expect(await record(manifestSeen('one', minutes(2)))).toEqual(['stale']);
        expect(await record(manifestGone('one', minutes(2)))).toEqual(['stale']);
        expect(await record(tagSeen('a', 'one', minutes(2)))).toEqual(['stale']);
        expect(await record(tagSeen('a', 'one', minutes(4)))).toEqual(['changed', 'tag.created a one←']);
        expect(await record(manifestSeen('one', minutes(5)))).toEqual(['unchanged']);
      });
    });

    describe('repositories', () => {
      test('the end of a repository deletes its tags, by name, and forgets its digests', async () => {
        later(10);
        const other = { repository: 'other/repo' };
        await record(tagSeen('b', 'one', minutes(1)), tagSeen('a', 'two', minutes(1)));
        await record(tagSeen('a', 'two', minutes(1), other));
        expect(await record(repositoryGone(minutes(2)))).toEqual([
          'changed',
          'tag.deleted a ←two',
          'tag.deleted b ←one',
        ]);
        expect(await tagsNow()).toEqual(['a two']);
        expect(await record(manifestGone('one', minutes(3)))).toEqual(['unknown']);
        expect(await record(repositoryGone(minutes(3)))).toEqual(['unknown']);
      });

      test('tags pushed after the end of the repository stay', async () => {
        later(10);
        await record(tagSeen('a', 'one', minutes(1)), tagSeen('b', 'two', minutes(5)));
        expect(await record(repositoryGone(minutes(3)))).toEqual(['changed', 'tag.deleted a ←one']);
        expect(await record(manifestGone('two', minutes(6)))).toEqual([
          'changed',
          'tag.deleted b ←two',
          'manifest.deleted - two←',
        ]);
      });

      test('the end of an unknown repository is unknown', async () => {
        expect(await record(repositoryGone(t))).toEqual(['unknown']);
      });
    });

    describe('deliveries', () => {
      test('a delivery seen before makes nothing, whatever it says', async () => {
        const key = { dedupeKey: 'delivery-1' };
        expect(await record(tagSeen('a', 'one', t, key))).toEqual(['changed', 'tag.created a one←']);
        expect(await record(tagSeen('a', 'one', t, key), tagSeen('a', 'two', t, key))).toEqual([
          'duplicate',
          'duplicate',
        ]);
      });

      test('a key is remembered though its observation changed nothing', async () => {
        expect(await record(tagGone('a', t, { dedupeKey: 'd' }))).toEqual(['unknown']);
        await record(tagSeen('a', 'one', t));
        expect(await record(tagGone('a', t, { dedupeKey: 'd' }))).toEqual(['duplicate']);
      });

      test('a key with a window is forgotten when the window is over, and then begins anew', async () => {
        const key = { dedupeKey: 'hash', dedupeWindowMs: 5 * minuteMs };
        await record(tagSeen('a', 'one', t, key));
        later(4);
        expect(await record(tagSeen('a', 'two', minutes(4), key))).toEqual(['duplicate']);
        later(1);
        expect(await record(tagSeen('a', 'two', minutes(5), key))).toEqual([
          'changed',
          'tag.updated a two←one',
        ]);
        later(4);
        expect(await record(tagSeen('a', 'three', minutes(9), key))).toEqual(['duplicate']);
      });

      test('only the newest keys are remembered', async () => {
        for (let i = 0; i <= limits.maxDeliveryKeys; i++)
          await record(tagSeen('a', `w${i}`, t, { dedupeKey: `key-${i}` }));
        expect(await record(tagSeen('a', 'again', t, { dedupeKey: 'key-1' }))).toEqual(['duplicate']);
        expect(await record(tagSeen('a', 'again', t, { dedupeKey: 'key-0' }))).toEqual([
          'changed',
          'tag.updated a again←w5',
        ]);
      });

      test('a key older than the retention is forgotten', async () => {
        await record(tagSeen('a', 'one', t, { dedupeKey: 'old' }));
        later(61);
        expect(await record(tagSeen('a', 'two', minutes(61), { dedupeKey: 'old' }))).toEqual([
          'changed',
          'tag.updated a two←one',
        ]);
      });
    });

    describe('pending tags', () => {
      test('are kept, claimed by one at a time, and settled by the record that completes them', async () => {
        later(10);
        const kept = await ledger.defer([tagSeen('a', null, minutes(1), { dedupeKey: 'd' })]);
        expect(kept.map(({ observation }) => observation)).toEqual([
          { ...tagSeen('a', null, minutes(1)), dedupeKey: null },
        ]);
        expect((await ledger.bounds()).head).toBe(0);
        expect(await ledger.claimPending(10, minuteMs)).toEqual(kept);
        expect(await ledger.claimPending(10, minuteMs)).toEqual([]);
        later(1);
        expect(await ledger.claimPending(10, minuteMs)).toEqual(kept);
        const ids = kept.map(({ id }) => id);
        const recorded = await ledger.record([tagSeen('a', 'one', minutes(1), { dedupeKey: null })], ids);
        expect(recorded.outcomes).toEqual(['changed']);
        later(2);
        expect(await ledger.claimPending(10, minuteMs)).toEqual([]);
      });

      test('settled by another already make the call a no-op', async () => {
        const [pending] = await ledger.defer([tagSeen('a', null, t)]);
        const ids = [pending?.id ?? ''];
        await ledger.record([tagSeen('a', 'one', t)], ids);
        expect(await ledger.record([tagSeen('a', 'two', t)], ids)).toEqual({ outcomes: [], changes: [] });
        expect(await tagsNow()).toEqual(['a one']);
      });

      test('are not kept for a delivery seen before, and their key is remembered', async () => {
        const key = { dedupeKey: 'd' };
        expect(await ledger.defer([tagSeen('a', null, t, key)])).toHaveLength(1);
        expect(await ledger.defer([tagSeen('a', null, t, key)])).toEqual([]);
        expect(await record(tagSeen('a', 'one', t, key))).toEqual(['duplicate']);
      });

      test('are bounded: over the bound nothing of the call is kept', async () => {
        const some = Array.from({ length: limits.maxPending - 1 }, (_, i) => tagSeen(`t${i}`, null, t));
        await ledger.defer(some);
        const two = [tagSeen('x', null, t, { dedupeKey: 'x' }), tagSeen('y', null, t)];
        await expect(ledger.defer(two)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
        expect(await ledger.claimPending(100, minuteMs)).toHaveLength(limits.maxPending - 1);
        expect(await ledger.defer(two.slice(0, 1))).toHaveLength(1);
      });

      test('are claimed oldest first, as many as asked', async () => {
        await ledger.defer(['a', 'b', 'c'].map((tag) => tagSeen(tag, null, t)));
        const claimed = await ledger.claimPending(2, minuteMs);
        expect(claimed.map(({ observation }) => observation.tag)).toEqual(['a', 'b']);
        const rest = await ledger.claimPending(2, minuteMs);
        expect(rest.map(({ observation }) => observation.tag)).toEqual(['c']);
      });
    });

    describe('reading', () => {
      const fill = async (count: number, repositoryOf = (_: number) => where.repository) => {
        for (let i = 1; i <= count; i++) {
          later(1);
          await ledger.record([tagSeen(`t${i}`, 'one', clock.now(), { repository: repositoryOf(i) })]);
        }
      };

      test('pages follow each other without gap or overlap', async () => {
        await fill(7);
        const pages = await readAll(ledger, 0, 3);
        expect(pages.map(({ changes }) => changes.map(({ sequence }) => sequence))).toEqual([
          [1, 2, 3],
          [4, 5, 6],
          [7],
        ]);
        expect(pages.map(({ atHead }) => atHead)).toEqual([false, false, true]);
        expect(await ledger.read(7, 10)).toEqual({ changes: [], next: 7, atHead: true });
      });

      test('a position that is not there is refused with the bounds', async () => {
        await fill(2);
        await expect(ledger.read(3, 10)).rejects.toMatchObject({
          code: 'POSITION_GONE',
          detail: { reason: 'ahead-of-head', position: 3, floor: 0, head: 2 },
        });
      });

      test('a filter by repository finds all of its changes, in pages', async () => {
        await fill(60, (i) => (i % 10 === 0 ? 'rare/one' : i % 10 === 5 ? 'rare/two' : where.repository));
        const filter = { repositories: [`${where.registry}/rare/one`, `${where.registry}/rare/two`] };
        const pages = await readAll(ledger, 3, 2, filter);
        const found = pages.flatMap(({ changes }) => changes);
        const wanted = found.filter(({ repository: name }) => name.startsWith('rare/'));
        expect(wanted.map(({ sequence }) => sequence)).toEqual([
          5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 60,
        ]);
        expect(pages.at(-1)).toMatchObject({ next: 60, atHead: true });
      });

      test('a filter that matches nothing comes to the head in bounded steps', async () => {
        await fill(50);
        const pages = await readAll(ledger, 0, 10, { repositories: [`${where.registry}/never/seen`] });
        expect(pages.at(-1)).toMatchObject({ next: 50, atHead: true });
      });

      test('a filter of many repositories looks at a bounded number of entries a page', async () => {
        await fill(50);
        const repositories = Array.from({ length: 200 }, (_, i) => `${where.registry}/never/seen${i}`);
        const pages = await readAll(ledger, 0, 10, { repositories });
        expect(pages.at(-1)).toMatchObject({ next: 50, atHead: true });
        expect(pages.every((page, i) => page.next - (pages[i - 1]?.next ?? 0) <= 50)).toBe(true);
      });

      test('seek finds the sequence just before a time', async () => {
        await fill(9);
        expect(await ledger.seek(t)).toBe(0);
        expect(await ledger.seek(minutes(1))).toBe(0);
        expect(await ledger.seek(minutes(4.5))).toBe(4);
        expect(await ledger.seek(minutes(5))).toBe(4);
        expect(await ledger.seek(minutes(9))).toBe(8);
        expect(await ledger.seek(minutes(10))).toBe(9);
      });

      test('seek finds the first of many changes of the same time', async () => {
        await fill(3);
        await ledger.record(['x', 'y', 'z'].map((tag) => tagSeen(tag, 'one', t)));
        expect(await ledger.seek(clock.now())).toBe(2);
      });
    });

    describe('the index', () => {
      test('says what each tag points at, since when, and by which change', async () => {
        later(10);
        await record(tagSeen('a', 'one', minutes(1)), tagSeen('a', 'two', minutes(2)));
        await record(tagSeen('a', 'two', minutes(3)));
        await record(tagSeen('s', 'one', minutes(4), { silent: true }));
        const { tags } = await ledger.tags({ limit: 10 });
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
        expect(await allTags(ledger, 2)).toEqual([
          'docker.io/library/nginx:latest',
          ...['x', 'z'].map((tag) => `${where.registry}/app:${tag}`),
          ...['1', 'B', 'a', 'c'].map((tag) => `${repository}:${tag}`),
        ]);
        const repositories = [repository, 'docker.io/library/nginx', 'docker.io/no/such'];
        expect(await allTags(ledger, 1, repositories)).toEqual([
          'docker.io/library/nginx:latest',
          ...['1', 'B', 'a', 'c'].map((tag) => `${repository}:${tag}`),
        ]);
      });

      test('refuses a cursor that it never gave', async () => {
        await expect(ledger.tags({ limit: 10, cursor: 'nonsense' })).rejects.toMatchObject({
          code: 'PARAMETER_INVALID',
          detail: { parameter: 'cursor' },
        });
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
        const { changes } = await ledger.read(0, 100);
        expect(await tagsNow()).toEqual(fold(changes));
      });
    });

    describe('baselines', () => {
      test('are kept per repository, once each', async () => {
        expect(await record(baselined('1.*', t), baselined('latest', t))).toEqual(['filled', 'filled']);
        expect(await record(baselined('1.*', t))).toEqual(['unchanged']);
        const scopes = await ledger.baselines(where.registry, where.repository);
        expect([...scopes].sort()).toEqual(['1.*', 'latest']);
        expect(await ledger.baselines(where.registry, 'other/repo')).toEqual([]);
      });

      test('are bounded per repository: the oldest goes', async () => {
        for (const scope of ['a', 'b', 'c', 'd']) {
          later(1);
          await record(baselined(scope, clock.now()));
        }
        const scopes = await ledger.baselines(where.registry, where.repository);
        expect([...scopes].sort()).toEqual(['b', 'c', 'd']);
      });
    });

    describe('the tail', () => {
      test('hears every change after its start once, in order, and nothing after its stop', async () => {
        await record(tagSeen('before', 'one', t));
        const heard: Change[] = [];
        const stop = ledger.tail((event) => heard.push(...changesOf(event)));
        const calls = Array.from({ length: 20 }, (_, i) => ledger.record([tagSeen(`t${i}`, 'one', t)]));
        await Promise.all(calls);
        await until(() => heard.length >= 20);
        expect(heard.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 20 }, (_, i) => i + 2));
        expect(heard).toEqual((await ledger.read(1, 100)).changes);
        stop();
        stop();
        await record(tagSeen('after', 'one', t));
        expect(heard).toHaveLength(20);
      });

      test('is heard by each listener, and only where there are changes', async () => {
        const first: number[] = [];
        const second: number[] = [];
        ledger.tail((event) => first.push(changesOf(event).length));
        ledger.tail((event) => second.push(changesOf(event).length));
        await record(tagGone('a', t));
        await record(tagSeen('a', 'one', t), tagSeen('b', 'one', t));
        await until(() => first.length > 0 && second.length > 0);
        expect({ first, second }).toEqual({ first: [2], second: [2] });
      });
    });

    describe('retention', () => {
      test('by count drops the oldest, raises the floor and refuses what lies below it', async () => {
        await opened.close();
        opened = await open({
          clock,
          random: Math.random,
          limits,
          retention: { ...retention, maxChanges: 5 },
        });
        ledger = opened.ledger;
        await ledger.record(Array.from({ length: 12 }, (_, i) => tagSeen(`t${i}`, 'one', t)));
        expect(await ledger.trim()).toMatchObject({ floor: 7, head: 12 });
        expect(await ledger.bounds()).toMatchObject({ floor: 7, head: 12 });
        await expect(ledger.read(6, 10)).rejects.toMatchObject({
          code: 'POSITION_GONE',
          detail: { reason: 'below-floor', position: 6, floor: 7, head: 12 },
        });
        const { changes } = await ledger.read(7, 10);
        expect(changes.map(({ sequence }) => sequence)).toEqual([8, 9, 10, 11, 12]);
        expect(await ledger.seek(t)).toBe(7);
        expect(await tagsNow()).toHaveLength(12);
      });

      test('by age drops all that is too old, down to nothing, and goes on counting', async () => {
        await record(tagSeen('a', 'one', t));
        later(50);
        await record(tagSeen('b', 'one', minutes(50)));
        later(11);
        expect(await ledger.trim()).toMatchObject({ floor: 1, head: 2 });
        later(60);
        expect(await ledger.trim()).toMatchObject({ floor: 2, head: 2 });
        expect(await ledger.read(2, 10)).toEqual({ changes: [], next: 2, atHead: true });
        const { changes } = await ledger.record([tagSeen('c', 'one', clock.now())]);
        expect(changes.map(({ sequence }) => sequence)).toEqual([3]);
      });

      test('forgets a deleted tag after the age of retention, and not before', async () => {
        later(10);
        await record(tagSeen('a', 'one', minutes(1)), tagGone('a', minutes(5)));
        await ledger.trim();
        expect(await record(tagSeen('a', 'one', minutes(4)))).toEqual(['stale']);
        later(60);
        await ledger.trim();
        expect(await record(tagGone('a', minutes(6)))).toEqual(['unknown']);
      });

      test('has nothing to do where nothing is too old or too much', async () => {
        await record(tagSeen('a', 'one', t));
        expect(await ledger.trim()).toMatchObject({ floor: 0, head: 1 });
      });
    });

    describe('opening and closing', () => {
      test('check resolves while the ledger can store', async () => {
        await expect(ledger.check()).resolves.toBeUndefined();
      });

      test('closing twice is closing once, and a closed ledger stores nothing', async () => {
        await ledger.close();
        await ledger.close();
        await expect(ledger.record([tagSeen('a', 'one', t)])).rejects.toMatchObject({ code: 'UNAVAILABLE' });
        await expect(ledger.check()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
      });

      test('two ledgers have different epochs', async () => {
        const other = await open({ clock, random: Math.random, retention, limits });
        try {
          expect((await other.ledger.bounds()).epoch).not.toBe((await ledger.bounds()).epoch);
        } finally {
          await other.close();
        }
      });

      if (survives)
        test('what was stored is there after opening again', async () => {
          if (opened.reopen === undefined) throw new Error('open the ledger again: no reopen was given');
          later(10);
          await record(tagSeen('a', 'one', minutes(1), { dedupeKey: 'd' }), manifestSeen('bare', minutes(1)));
          await record(baselined('*', minutes(1)), tagSeen('b', 'one', minutes(1)), tagGone('b', minutes(5)));
          const kept = await ledger.defer([tagSeen('p', null, minutes(6))]);
          const before = {
            bounds: await ledger.bounds(),
            page: await ledger.read(0, 100),
            tags: await tagsNow(),
          };
          ledger = await opened.reopen();
          expect({
            bounds: await ledger.bounds(),
            page: await ledger.read(0, 100),
            tags: await tagsNow(),
          }).toEqual(before);
          expect(await ledger.baselines(where.registry, where.repository)).toEqual(['*']);
          expect(await record(tagSeen('a', 'two', minutes(9), { dedupeKey: 'd' }))).toEqual(['duplicate']);
          expect(await record(tagSeen('b', 'one', minutes(4)))).toEqual(['stale']);
          expect(await ledger.claimPending(10, minuteMs)).toEqual(kept);
          const { changes } = await ledger.record([tagSeen('n', 'one', minutes(9))]);
          expect(changes.map(({ sequence }) => sequence)).toEqual([before.bounds.head + 1]);
        });
    });
  });
}

const words = new Map(
  [
    'zero',
    'one',
    'two',
    'three',
    'four',
    'again',
    'bare',
    ...Array.from({ length: 10 }, (_, i) => `w${i}`),
  ].map((name) => [digestOf(name) as string, name]),
);

function word(digest: string | null): string {
  return digest === null ? '' : (words.get(digest) ?? digest);
}

function brief(change: Change): string {
  return `${change.type} ${change.tag ?? '-'} ${word(change.digest)}←${word(change.previousDigest)}`;
}

function changesOf(event: TailEvent): readonly Change[] {
  return event.kind === 'changes' ? event.changes : [];
}

/** The present tags that the changes add up to, as `tag word`. */
function fold(changes: readonly Change[]): string[] {
  const tags = new Map<string, string>();
  for (const change of changes) {
    if (change.tag === null) continue;
    if (change.type === 'tag.deleted') tags.delete(change.tag);
    else tags.set(change.tag, `${change.tag} ${word(change.digest)}`);
  }
  return [...tags.values()].sort();
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
  const narrow = repositories === undefined ? {} : { repositories };
  for (let page = await ledger.tags({ limit, ...narrow }); ; ) {
    expect(page.tags.length).toBeLessThanOrEqual(limit);
    found.push(...page.tags.map((row) => `${row.registry}/${row.repository}:${row.tag}`));
    if (page.cursor === null) return found;
    page = await ledger.tags({ limit, ...narrow, cursor: page.cursor });
  }
}

/** Awaits a fact that an event brings about: looked at again after each turn of the event loop. */
async function until(fact: () => boolean): Promise<void> {
  while (!fact()) await new Promise((resolve) => setImmediate(resolve));
}
