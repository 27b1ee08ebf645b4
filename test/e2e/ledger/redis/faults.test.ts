// @needs redis-server
/** Redis failing in every way: nothing is claimed that is not so, and all goes on by itself. */
import { afterEach, describe, expect, test } from 'vitest';
import { tagSeen } from '../../../support/ledger-samples.ts';
import {
  type RedisNode,
  startRedisCluster,
  startRedisPair,
  startRedisSentinels,
} from '../../../support/redis.ts';
import {
  freshPrefix,
  listen,
  range,
  recordInTheEnd,
  redisBench,
  sequences,
  shortTimeouts,
} from '../../../support/redis-ledger.ts';
import { until } from '../../../support/until.ts';

const unavailable = { code: 'UNAVAILABLE' };
const { start, open, later, cleanUp } = redisBench();
afterEach(cleanUp);
const now = () => Date.now();

describe('a ledger whose Redis', () => {
  test('is not there does not open, and says where it looked', async () => {
    const redis = await start();
    await redis.kill();
    const opening = open({ url: redis.url, openTimeoutMs: 300 });
    await expect(opening).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining(`127.0.0.1:${redis.port}`),
    });
  });

  test('goes away and comes back empty-handed refuses meanwhile, tells reset, and goes on by itself', async () => {
    const redis = await start();
    const ledger = await open({ url: redis.url });
    const heard = listen(ledger);
    await ledger.record([tagSeen('a', 'one', now())]);
    await redis.kill();
    await expect(ledger.record([tagSeen('b', 'one', now())])).rejects.toMatchObject(unavailable);
    await expect(ledger.check()).rejects.toMatchObject(unavailable);
    await expect(ledger.read(0, 10)).rejects.toMatchObject(unavailable);
    await redis.start();
    await recordInTheEnd(ledger, 'c');
    await until('the change', () => heard.changes.at(-1)?.tag === 'c');
    expect(heard.resets).toHaveLength(1);
    expect(sequences(heard.changes)).toEqual([1, 1]);
  });

  test('restarts with all it had changes the epoch too: it may have lost its last second', async () => {
    const redis = await start({ args: ['--appendonly', 'yes', '--appendfsync', 'always'] });
    const ledger = await open({ url: redis.url });
    const heard = listen(ledger);
    await ledger.record([tagSeen('a', 'one', now())]);
    const before = await ledger.bounds();
    await redis.kill();
    await redis.start();
    await recordInTheEnd(ledger, 'b');
    await until('the change', () => heard.changes.at(-1)?.tag === 'b');
    expect(await ledger.bounds()).toMatchObject({ head: 2 });
    expect((await ledger.bounds()).epoch).not.toBe(before.epoch);
    expect(heard.resets.map(({ reason }) => reason)).toEqual(['Redis was restarted or failed over']);
    expect(sequences(heard.changes)).toEqual([1, 2]);
  });

  test('hangs is noticed within its timeouts and used again when it wakes up, with nothing lost', async () => {
    const redis = await start();
    const keyPrefix = freshPrefix();
    const ledger = await open({ url: redis.url, keyPrefix, timeouts: shortTimeouts });
    const heard = listen(ledger);
    await recordInTheEnd(ledger, 'a');
    redis.pause();
    later(async () => redis.resume());
    await expect(ledger.record([tagSeen('b', 'one', now())])).rejects.toMatchObject(unavailable);
    await expect(ledger.record([tagSeen('c', 'one', now())])).rejects.toMatchObject(unavailable);
    redis.resume();
    await recordInTheEnd(ledger, 'd');
    // What timed out may have been carried out; then it is heard like any other change.
    const { head } = await ledger.bounds();
    await until('all changes', () => heard.changes.length >= head);
    expect(sequences(heard.changes)).toEqual(range(1, head));
    expect(heard.resets).toEqual([]);
  });

  test('has no memory left refuses before anything is written, and takes more when it has', async () => {
    const redis = await start();
    const ledger = await open({ url: redis.url });
    await ledger.record([tagSeen('a', 'one', now())]);
    await redis.admin.config('SET', 'maxmemory', '1');
    await expect(ledger.record([tagSeen('b', 'one', now())])).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('OOM'),
    });
    await expect(ledger.check()).rejects.toMatchObject(unavailable);
    expect((await ledger.read(0, 10)).changes).toHaveLength(1);
    expect((await ledger.listTags({ limit: 10 })).tags).toHaveLength(1);
    await redis.admin.config('SET', 'maxmemory', '0');
    expect((await ledger.record([tagSeen('b', 'one', now())])).outcomes).toEqual(['changed']);
  });

  test('became a replica is left for the primary and not written to', async () => {
    const pair = await startRedisPair();
    later(() => pair.stop());
    await expect(open({ url: pair.replica.url, openTimeoutMs: 3_000 })).rejects.toMatchObject({
      message: expect.stringContaining('READONLY'),
    });
  });

  test('has too few replicas does not acknowledge, where replicas are asked for', async () => {
    const pair = await startRedisPair();
    later(() => pair.stop());
    const ledger = await open({ url: pair.primary.url, minReplicas: 1, minReplicasTimeoutMs: 150 });
    // A replica that has just attached is not counted yet.
    await recordInTheEnd(ledger, 'a');
    pair.replica.pause();
    const push = tagSeen('b', 'one', now(), { dedupeKey: 'delivery-2' });
    const refusal = { code: 'UNAVAILABLE', message: expect.stringContaining('0 replicas had it') };
    await expect(ledger.record([push])).rejects.toMatchObject(refusal);
    await expect(ledger.record([push])).rejects.toMatchObject(refusal);
    pair.replica.resume();
    await until('the replica to acknowledge', async () => {
      expect((await ledger.record([push])).outcomes).toEqual(['duplicate']);
      return true;
    });
  });

  test('attaches its first replica keeps its epoch', async () => {
    const redis = await start();
    const ledger = await open({ url: redis.url });
    await ledger.record([tagSeen('a', 'one', now())]);
    const { epoch } = await ledger.bounds();
    const replica = await start({ args: ['--replicaof', `127.0.0.1 ${redis.port}`] });
    await until('the replica to follow', async () =>
      (await replica.admin.info('replication')).includes('master_link_status:up'),
    );
    await ledger.record([tagSeen('b', 'one', now())]);
    expect(await ledger.bounds()).toMatchObject({ epoch, head: 2 });
  });

  test('fails over loses no subscriber silently: the new primary begins a new epoch', async () => {
    const sentinels = await startRedisSentinels();
    later(() => sentinels.stop());
    const { addresses, name } = sentinels;
    const target = { url: 'redis://sentinel', sentinels: addresses, sentinelName: name };
    const keyPrefix = freshPrefix();
    const a = await open({ ...target, keyPrefix });
    const b = await open({ ...target, keyPrefix });
    const heard = [listen(a), listen(b)];
    await a.record([tagSeen('a', 'one', now())]);
    await until('the replica to have it', async () => (await sentinels.primary.admin.wait(1, 500)) === 1);
    const before = await a.bounds();
    // The replica hangs, cut off, while one more change is made: so the failover certainly loses it.
    sentinels.replica.pause();
    await sentinels.primary.admin.call('CLIENT', 'KILL', 'TYPE', 'replica');
    await a.record([tagSeen('lost', 'one', now())]);
    await sentinels.primary.kill();
    sentinels.replica.resume();
    await recordInTheEnd(b, 'new');
    await until('both to hear it', () => heard.every(({ changes }) => changes.at(-1)?.tag === 'new'));
    const after = await a.bounds();
    expect(after.epoch).not.toBe(before.epoch);
    for (const { resets, changes } of heard) {
      expect(resets).toHaveLength(1);
      expect(changes.at(-1)).toMatchObject({ epoch: after.epoch, sequence: 2 });
    }
  });

  test('is a Cluster node that dies is left for the replica that takes its place', async () => {
    const cluster = await startRedisCluster({ replicas: true });
    later(() => cluster.stop());
    const target = { url: 'redis://cluster', cluster: cluster.addresses };
    const ledger = await open({ ...target, keyPrefix: 'in-cluster' });
    const heard = listen(ledger);
    await ledger.record([tagSeen('a', 'one', now())]);
    const before = await ledger.bounds();
    const slot = Number(await cluster.nodes[0]?.admin.cluster('KEYSLOT', '{in-cluster}:meta'));
    const owner = cluster.nodes[Math.floor(slot / 5_462)];
    await until('its replica to have it', async () => (await owner?.admin.wait(1, 500)) === 1);
    await owner?.kill();
    await recordInTheEnd(ledger, 'b');
    await until('the change', () => heard.changes.at(-1)?.tag === 'b');
    expect(heard.resets).toHaveLength(1);
    expect((await ledger.bounds()).epoch).not.toBe(before.epoch);
  });

  test('moves its slot to another Cluster node is followed there', async () => {
    const cluster = await startRedisCluster();
    later(() => cluster.stop());
    const ledger = await open({ url: 'redis://cluster', cluster: cluster.addresses, keyPrefix: 'moving' });
    const heard = listen(ledger);
    await ledger.record([tagSeen('a', 'one', now())]);
    const slot = Number(await cluster.nodes[0]?.admin.cluster('KEYSLOT', '{moving}:meta'));
    const at = Math.floor(slot / 5_462);
    const [from, to] = [cluster.nodes[at], cluster.nodes[(at + 1) % 3]];
    if (from === undefined || to === undefined) throw new Error('no such node');
    const ids = await Promise.all([from, to].map(async (node) => String(await node.admin.cluster('MYID'))));
    const setSlot = (node: RedisNode, ...how: string[]) =>
      node.admin.call('CLUSTER', 'SETSLOT', String(slot), ...how);
    await setSlot(to, 'IMPORTING', ids[0] ?? '');
    await setSlot(from, 'MIGRATING', ids[1] ?? '');
    const keys = (await from.admin.call('CLUSTER', 'GETKEYSINSLOT', String(slot), '100')) as string[];
    await from.admin.call('MIGRATE', '127.0.0.1', String(to.port), '', '0', '5000', 'KEYS', ...keys);
    for (const node of cluster.nodes) await setSlot(node, 'NODE', ids[1] ?? '');
    await recordInTheEnd(ledger, 'b');
    await until('the change', () => heard.changes.at(-1)?.tag === 'b');
    expect((await ledger.read(0, 10)).changes.map(({ tag }) => tag)).toEqual(['a', 'b']);
    // Whether the new owner has all of it, nobody can tell.
    expect(heard.resets).toHaveLength(1);
  });
});
