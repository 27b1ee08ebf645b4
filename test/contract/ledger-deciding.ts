import { describe, expect, test } from 'vitest';
import {
  baselined,
  digestOf,
  lookedAt,
  manifestGone,
  manifestSeen,
  manifestType,
  repositoryGone,
  tagGone,
  tagSeen,
  where,
} from '../support/ledger-samples.ts';
import { t, type World } from './ledger-world.ts';

/** What an observation makes of the index and of the log. */
export function decidingContract(world: World): void {
  const { record, minutes, later, tagsNow } = world;

  describe('tags', () => {
    test('an unknown tag is created; the same again is unchanged; another digest updates it', async () => {
      later(10);
      expect(await record(tagSeen('a', 'one', minutes(1)))).toEqual(['changed', 'tag.created a one←']);
      expect(await record(tagSeen('a', 'one', minutes(2)))).toEqual(['unchanged']);
      expect(await record(tagSeen('a', 'two', minutes(3)))).toEqual(['changed', 'tag.updated a two←one']);
    });

    test('a change happened when its sender says, though it is compared by another time', async () => {
      later(10);
      await record({ ...tagSeen('a', 'one', minutes(2)), occurredAt: minutes(1) });
      await record({ ...tagSeen('b', 'one', minutes(2)), occurredAt: minutes(99) });
      const { changes } = await world.ledger.read(0, 10);
      expect(changes.map((change) => change.occurredAt)).toEqual([minutes(1), minutes(10)]);
      expect(await record(tagSeen('a', 'two', minutes(1.5)))).toEqual(['stale']);
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

    test('of two looks that overlap the one that is recorded first counts, whichever was asked for first', async () => {
      later(10);
      await record(lookedAt('a', 'one', 5_000));
      const [row] = await world.ledger.states([{ ...where, tag: 'a' }]);
      const basedOn = row?.sequence ?? -1;
      const two = lookedAt('a', 'two', 2_000, { basedOn });
      expect(await record(two)).toEqual(['changed', 'tag.updated a two←one']);
      expect(await record(lookedAt('a', 'one', 1_000, { basedOn }))).toEqual(['stale']);
      expect(await record({ ...tagGone('a', 0), looked: true, ageMs: 1_000, basedOn })).toEqual(['stale']);
      expect(await record(lookedAt('a', 'two', 1_000, { basedOn }))).toEqual(['unchanged']);
      const next = lookedAt('a', 'one', 0, { basedOn: basedOn + 1 });
      expect(await record(next)).toEqual(['changed', 'tag.updated a one←two']);
      expect(await record(lookedAt('b', 'one', 2_000, { basedOn: -1, silent: true }))).toEqual(['filled']);
      expect(await record(lookedAt('b', 'two', 1_000, { basedOn: -1 }))).toEqual(['stale']);
    });

    test('of two answers with the same time the one that arrives last counts', async () => {
      await record(tagSeen('a', 'one', t));
      expect(await record(tagSeen('a', 'two', t))).toEqual(['changed', 'tag.updated a two←one']);
    });

    test('a time in the future counts as now', async () => {
      const { changes } = await world.ledger.record([tagSeen('a', 'one', minutes(30))]);
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
      const { changes } = await world.ledger.read(1, 1);
      expect(changes[0]).toMatchObject({ digest: null, mediaType: null, size: null });
    });

    test('a tag pushed at the very time of its deletion is there: it arrived later', async () => {
      await record(tagSeen('a', 'one', t), tagGone('a', t));
      expect(await record(tagSeen('a', 'one', t))).toEqual(['changed', 'tag.created a one←']);
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
      expect((await world.ledger.bounds()).head).toBe(3);
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
      const { tags } = await world.ledger.listTags({ limit: 10 });
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

  describe('baselines', () => {
    test('are kept per repository, once each', async () => {
      expect(await record(baselined('1.*', t), baselined('latest', t))).toEqual(['filled', 'filled']);
      expect(await record(baselined('1.*', t))).toEqual(['unchanged']);
      const scopes = await world.ledger.baselines(where.registry, where.repository);
      expect([...scopes].sort()).toEqual(['1.*', 'latest']);
      expect(await world.ledger.baselines(where.registry, 'other/repo')).toEqual([]);
    });

    test('are bounded per repository: the oldest goes', async () => {
      for (const scope of ['a', 'b', 'c', 'd']) {
        later(1);
        await record(baselined(scope, world.clock.now()));
      }
      const scopes = await world.ledger.baselines(where.registry, where.repository);
      expect([...scopes].sort()).toEqual(['b', 'c', 'd']);
    });
  });
}
