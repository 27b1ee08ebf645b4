// @needs redis-server
/** What queries and manifests give if another program wrote to the keys that they read. */
import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseDigest } from '../../../../src/event/digest.ts';
import type { Manifest } from '../../../../src/ledger/manifests.ts';
import type { SharedLedger } from '../../../../src/ledger/redis/redis.ts';
import { countingMetrics } from '../../../support/counting-metrics.ts';
import { digestOf, lookedAt, manifestType, where } from '../../../support/ledger-samples.ts';
import type { RedisNode } from '../../../support/redis.ts';
import { freshPrefix, redisBench } from '../../../support/redis-ledger.ts';

const { start, open, cleanUp } = redisBench();
afterEach(cleanUp);

let redis: RedisNode;
let ledger: SharedLedger;
let prefix: string;
const metrics = countingMetrics();
const key = (name: string) => `{${prefix}}:${name}`;
const repository = `${where.registry}/${where.repository}`;

beforeEach(async () => {
  redis = await start();
  prefix = freshPrefix();
  ledger = await open({ url: redis.url, keyPrefix: prefix, metrics, limits: { maxManifestsBytes: 20 } });
});

describe('a damaged row', () => {
  beforeEach(() => ledger.record([lookedAt('a', 'one'), lookedAt('b', 'two')]));

  test('of a tag is a state without a digest and of unknown age, and is counted', async () => {
    await redis.admin.hset(key(`t:${repository}`), 'a', '["sha256:x"]');
    const states = await ledger.states(['a', 'b'].map((tag) => ({ ...where, tag })));
    expect(states).toMatchObject([
      { tag: 'a', present: true, digest: null, checkedAgeMs: null },
      { tag: 'b', digest: digestOf('two') },
    ]);
    expect(metrics.value('ledger_redis_damaged_total')).toBeGreaterThan(0);
  });

  test('of a digest is nothing known, and the others are', async () => {
    await redis.admin.hset(key(`m:${repository}`), digestOf('one'), 'rubbish 1;x;y');
    expect(await ledger.digests(where, [digestOf('one'), digestOf('two')])).toMatchObject([
      null,
      { present: true },
    ]);
  });

  test('of the tags at a digest is not believed over the rows of the tags', async () => {
    const wrong = `\n${repository.replace('/', ' ')} b\n`;
    await redis.admin.hset(key('at'), digestOf('one'), wrong);
    expect((await ledger.tagsAt({ digest: digestOf('one'), limit: 10 })).tags).toEqual([]);
  });

  test('of list marks refuses the page by name', async () => {
    await redis.admin.hset(key('listed'), repository, 'rubbish');
    await expect(ledger.listRepositories({ limit: 10 })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });
});

describe('manifests', () => {
  const kept = (text: string): Manifest => {
    const digest = parseDigest(`sha256:${createHash('sha256').update(text).digest('hex')}`);
    if (digest === null) throw new Error('make a manifest: the digest is malformed');
    const bytes = Buffer.from(text);
    return { digest, mediaType: manifestType, size: bytes.length, bytes, children: [], platforms: null };
  };

  test('with other bytes than their digest says are given without bytes', async () => {
    const one = kept('one');
    await ledger.manifests.put(one);
    await redis.admin.hset(key('mb'), one.digest, 'forged');
    expect(await ledger.manifests.get(one.digest)).toEqual({ ...one, bytes: null });
  });

  test('of which nothing can be read are unknown, and are kept again', async () => {
    const one = kept('one');
    await ledger.manifests.put(one);
    for (const rubbish of ['no JSON', '[]', '{"mediaType":7}', '"x"']) {
      await redis.admin.hset(key('mf'), one.digest, rubbish);
      expect(await ledger.manifests.get(one.digest)).toBeNull();
      await ledger.manifests.put(one);
      expect(await ledger.manifests.get(one.digest)).toEqual(one);
    }
  });

  test.each(['mb', 'mbu', 'mu', 'mf', 'mp'])('go on if the key %s is lost', async (name) => {
    const many = ['aaaaaaaa', 'bbbbbbbb', 'cccccccc'].map(kept);
    for (const one of many) await ledger.manifests.put(one);
    await redis.admin.del(key(name));
    for (const one of many) await ledger.manifests.put(one);
    const found = [];
    for (const { digest } of many) found.push((await ledger.manifests.get(digest))?.bytes?.length ?? null);
    expect(found).toEqual([null, 8, 8]);
  });
});
