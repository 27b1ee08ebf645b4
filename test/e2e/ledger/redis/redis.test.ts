// @needs redis-server openssl
/** What the contract does not speak of: several gateways on one Redis, its doors, and what retention frees. */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { SharedLedger } from '../../../../src/ledger/redis/redis.ts';
import { schemaVersion } from '../../../../src/redis/keys.ts';
import { makeCertificate } from '../../../support/certificate.ts';
import {
  digestOf,
  manifestGone,
  manifestSeen,
  repositoryGone,
  tagGone,
  tagSeen,
} from '../../../support/ledger-samples.ts';
import { recordingLog } from '../../../support/recording-log.ts';
import type { RedisNode } from '../../../support/redis.ts';
import { freshPrefix, listen, range, redisBench, sequences } from '../../../support/redis-ledger.ts';
import { until } from '../../../support/until.ts';

const { start, open, later, cleanUp } = redisBench();
afterEach(cleanUp);
const now = () => Date.now();

describe('gateways that share a Redis', () => {
  let redis: RedisNode;
  let a: SharedLedger;
  let b: SharedLedger;
  beforeEach(async () => {
    redis = await start();
    const keyPrefix = freshPrefix();
    a = await open({ url: redis.url, keyPrefix });
    b = await open({ url: redis.url, keyPrefix });
  });

  test('each hear what any of them records, once and in order', async () => {
    const heard = [listen(a), listen(b)];
    const calls = range(1, 200).map((i) => (i % 2 ? a : b).record([tagSeen(`t${i}`, 'one', now())]));
    await Promise.all(calls);
    await until('both to hear all', () => heard.every(({ changes }) => changes.length >= 200));
    for (const { changes } of heard) expect(sequences(changes)).toEqual(range(1, 200));
    expect(heard[0]?.changes).toEqual(heard[1]?.changes);
  });

  test('make one change of a webhook that both receive', async () => {
    const push = tagSeen('a', 'one', now(), { dedupeKey: 'delivery-1' });
    const replies = await Promise.all([a.record([push]), b.record([push]), b.record([push])]);
    expect(replies.flatMap(({ outcomes }) => outcomes).sort()).toEqual(['changed', 'duplicate', 'duplicate']);
  });

  test('one of them fetches a manifest: until it gives that back, or its time is over', async () => {
    const [one, two] = [digestOf('one'), digestOf('two')];
    expect([await a.manifests.claim(one, 60_000), await b.manifests.claim(one, 60_000)]).toEqual([
      true,
      false,
    ]);
    await b.manifests.release(one);
    expect(await b.manifests.claim(one, 60_000)).toBe(false);
    await a.manifests.release(one);
    expect(await b.manifests.claim(one, 60_000)).toBe(true);
    expect(await a.manifests.claim(two, 50)).toBe(true);
    await until('the claim to run out', () => b.manifests.claim(two, 60_000));
  });

  test('each claim a pending observation at most once, and settle it once', async () => {
    const [kept] = await a.defer([tagSeen('a', null, now())]);
    if (kept === undefined) throw new Error('nothing was kept');
    const claims = await Promise.all([a.claimPending(5, 60_000), b.claimPending(5, 60_000)]);
    expect(claims.flat()).toHaveLength(1);
    const settled = await Promise.all([
      a.record([tagSeen('a', 'one', now())], [kept.id]),
      b.record([tagSeen('a', 'one', now())], [kept.id]),
    ]);
    expect(settled.map(({ outcomes }) => outcomes).sort()).toEqual([[], ['changed']]);
  });

  test('fill from the stream what the channel lost', async () => {
    const heard = listen(b);
    await redis.admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await a.record([tagSeen('a', 'one', now())]);
    await a.record([tagSeen('b', 'one', now())]);
    await until('the other gateway to hear', () => heard.changes.length >= 2);
    expect(sequences(heard.changes)).toEqual([1, 2]);
  });

  test('find what a silent channel kept from them', async () => {
    const heard = listen(b);
    // As if the message had been lost: the script may not publish.
    await redis.admin.call('ACL', 'SETUSER', 'default', 'resetchannels');
    await a.record([tagSeen('a', 'one', now())]);
    await until('the silent change to be found', () => heard.changes.length === 1);
    expect(heard.resets).toEqual([]);
  });

  test('take no notice of strangers on the channel', async () => {
    const heard = listen(b);
    const [channel] = (await redis.admin.call('PUBSUB', 'SHARDCHANNELS')) as string[];
    const { epoch } = await a.bounds();
    for (const text of ['', 'x', `${epoch} 1 1\nnot json`, 'zzz 1 1\n[]', 'zzz 9 1\nnot json', '\n'])
      await redis.admin.call('SPUBLISH', channel ?? '', text);
    await a.record([tagSeen('a', 'one', now())]);
    await until('the change', () => heard.changes.length === 1);
    expect(heard.resets).toEqual([]);
  });

  test('hear a commit of more changes than are published at once', async () => {
    const heard = listen(b);
    await a.record(range(1, 2_500).map((i) => tagSeen(`t${i}`, 'one', now())));
    await until('all changes', () => heard.changes.length >= 2_500);
    expect(sequences(heard.changes)).toEqual(range(1, 2_500));
  });

  test('keep a call that moves more tags of one repository than one command of Redis can name', async () => {
    const numbers = range(1, 1_200);
    const pushed = (word: string) => numbers.map((i) => tagSeen(`t${i}`, `${word} ${i}`, now()));
    await a.record(pushed('old'));
    const { changes } = await b.record(pushed('new'));
    expect(changes.map(({ previousDigest }) => previousDigest)).toEqual(
      numbers.map((i) => digestOf(`old ${i}`)),
    );
    // The old digests have lost their tags, and the new ones have them.
    const ended = await a.record([manifestGone('old 1200', now()), manifestGone('new 1200', now())]);
    expect(ended.changes.map(({ type, tag }) => [type, tag])).toEqual([
      ['manifest.deleted', null],
      ['tag.deleted', 't1200'],
      ['manifest.deleted', null],
    ]);
  });

  test('see in one call what observations before it have written', async () => {
    const [at, two] = [now() - 10, tagSeen('a', 'two', now() - 9)];
    const all = [tagSeen('a', 'one', at), two, repositoryGone(at + 2), manifestGone('two', at + 3)];
    const { outcomes, changes } = await a.record(all);
    expect(outcomes).toEqual(['changed', 'changed', 'changed', 'unknown']);
    expect(changes.map(({ previousDigest }) => previousDigest)).toEqual([
      null,
      digestOf('one'),
      digestOf('two'),
    ]);
  });

  test('are told reset once when the database was emptied, and go on in a new epoch', async () => {
    const heard = [listen(a), listen(b)];
    await a.record([tagSeen('a', 'one', now())]);
    const before = await a.bounds();
    await redis.admin.flushall();
    await a.record([tagSeen('b', 'one', now())]);
    await until('both to hear of it', () => heard.every(({ resets }) => resets.length > 0));
    await until('both to hear the change', () => heard.every(({ changes }) => changes.at(-1)?.tag === 'b'));
    const after = await b.bounds();
    expect(after.epoch).not.toBe(before.epoch);
    for (const { resets } of heard) {
      expect(resets).toHaveLength(1);
      expect(resets[0]?.bounds).toMatchObject({ epoch: after.epoch, floor: 0, head: 0 });
    }
  });

  test('refuse to write where a newer version has been, and say so', async () => {
    const [meta] = await redis.admin.keys('*meta');
    await redis.admin.hset(meta ?? '', 'schema', 99);
    const message = expect.stringMatching(new RegExp(`schema 99.*must be at most ${schemaVersion}`));
    const refusal = { code: 'UNAVAILABLE', message };
    await expect(a.record([tagSeen('a', 'one', now())])).rejects.toMatchObject(refusal);
    await expect(b.check()).rejects.toMatchObject(refusal);
    const keyPrefix = /\{(.*)\}/.exec(meta ?? '')?.[1] ?? '';
    await expect(open({ url: redis.url, keyPrefix })).rejects.toMatchObject(refusal);
    expect(await redis.admin.exists((meta ?? '').replace('meta', 'log'))).toBe(0);
  });
});

describe('opening', () => {
  test('takes user and password, and names neither in an error', async () => {
    const acl = 'gateway on >s3cret ~{acl}:* &{acl}:* +@all -@dangerous +info';
    const redis = await start({
      args: ['--requirepass', 'adm1n', '--user', ...acl.split(' ')],
      password: 'adm1n',
    });
    const ledger = await open({ url: `redis://gateway:s3cret@127.0.0.1:${redis.port}`, keyPrefix: 'acl' });
    expect((await ledger.record([tagSeen('a', 'one', now())])).outcomes).toEqual(['changed']);
    const wrong = open({ url: redis.url, username: 'gateway', password: 'wr0ng', keyPrefix: 'acl' });
    await expect(wrong).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringMatching(/refuses ledger\.username or ledger\.password \(WRONGPASS/),
    });
    await expect(wrong).rejects.not.toMatchObject({ message: expect.stringMatching(/wr0ng|s3cret/) });
  });

  test('names what to set if Redis wants a password, or forbids a command', async () => {
    const redis = await start({
      args: ['--requirepass', 'adm1n', '--user', 'few', 'on', '>s3cret', '~*', '&*', '+@all', '-evalsha'],
      password: 'adm1n',
    });
    const bare = `redis://127.0.0.1:${redis.port}`;
    await expect(open({ url: bare })).rejects.toThrow(/wants a password: set ledger\.password \(NOAUTH/);
    const few = open({ url: bare, username: 'few', password: 's3cret' });
    await expect(few).rejects.toThrow(/the user in ledger\.username must be allowed it \(NOPERM/);
  });

  test('is followed by no warning at the end, and by the reason if Redis ends the connection', async () => {
    const redis = await start();
    const [ended, lost] = [recordingLog(), recordingLog()];
    const reasons = ({ lines }: ReturnType<typeof recordingLog>) =>
      lines.filter(({ message }) => message === 'use Redis: the connection ended');
    await (await open({ url: redis.url, keyPrefix: freshPrefix(), log: ended })).close();
    expect(reasons(ended)).toEqual([]);
    await open({ url: redis.url, keyPrefix: freshPrefix(), log: lost });
    await redis.kill();
    await until('both connections to be lost', () => reasons(lost).length === 2);
    const reason = expect.stringMatching(/Redis or the network closed it|ECONNRESET/);
    for (const { fields } of reasons(lost)) expect(fields).toMatchObject({ reason });
  });

  test('speaks TLS and trusts only the given authority', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'manifeed-tls-'));
    later(() => rm(dir, { recursive: true, force: true }));
    const { key, certificate } = makeCertificate(dir, 'IP:127.0.0.1');
    const tlsArgs = ['--tls-cert-file', certificate, '--tls-key-file', key];
    const redis = await start({
      args: [...tlsArgs, '--tls-ca-cert-file', certificate, '--tls-auth-clients', 'no'],
      tls: { ca: readFileSync(certificate, 'utf8') },
    });
    const ledger = await open({ url: redis.url, caFile: certificate });
    expect((await ledger.record([tagSeen('a', 'one', now())])).outcomes).toEqual(['changed']);
    await expect(open({ url: redis.url, openTimeoutMs: 3_000 })).rejects.toMatchObject({
      message: expect.stringMatching(/self.signed certificate/),
    });
  });

  test.each([
    ['http://127.0.0.1:1', {}, /must be redis:\/\/ or rediss:\/\//],
    ['redis://127.0.0.1:1/x', {}, /database x: must be a number/],
    ['redis://127.0.0.1:1/1', { cluster: ['127.0.0.1:1'] }, /must be 0 in a Cluster/],
    ['redis://127.0.0.1:1', { sentinels: ['127.0.0.1:1'] }, /no sentinelName/],
    ['redis://127.0.0.1:1', { cluster: ['[::1'] }, /address \[::1: must be host:port/],
    ['redis://127.0.0.1:1', { keyPrefix: 'a}b' }, /keyPrefix "a}b": must match/],
  ])('refuses %s with %j', async (url, more, message) => {
    await expect(open({ url, ...more })).rejects.toMatchObject({
      code: 'PARAMETER_INVALID',
      message: expect.stringMatching(message),
    });
  });
});

describe('a digest with very many tags', () => {
  test('is deleted with all of them, by name, and only those', async () => {
    const redis = await start();
    const ledger = await open({ url: redis.url });
    const at = now() - 1_000;
    const names = range(100, 199).map((i) => `t${i}`);
    await ledger.record([...names.map((name) => tagSeen(name, 'one', at)), tagSeen('x', 'two', at)]);
    await ledger.record([tagSeen('t150', 'two', at + 1)]);
    const { changes } = await ledger.record([manifestGone('one', at + 2)]);
    const deleted = names.filter((name) => name !== 't150');
    expect(changes.map(({ tag }) => tag)).toEqual([...deleted, null]);
    const { tags } = await ledger.listTags({ limit: 10 });
    expect(tags.map(({ tag }) => tag)).toEqual(['t150', 'x']);
  });
});

describe('odd observations', () => {
  test('keep their text whatever characters it has, and do not spoil others of their group', async () => {
    const redis = await start();
    const ledger = await open({ url: redis.url });
    const types = [
      'lone \ud800',
      'quote " and \\ud800',
      'nul \0 and line\n',
      'snow \u2603, grin \u{1f600}',
      '',
    ];
    await Promise.all(
      types.map((mediaType, i) => ledger.record([tagSeen(`t${i}`, 'one', now(), { mediaType })])),
    );
    const { changes } = await ledger.read(0, 10);
    expect(changes.map(({ mediaType }) => mediaType)).toEqual(['lone \ufffd', ...types.slice(1)]);
    const { tags } = await ledger.listTags({ limit: 10 });
    expect(tags.map(({ mediaType }) => mediaType)).toEqual(['lone \ufffd', ...types.slice(1)]);
    const [kept] = await ledger.defer([tagSeen('p', null, now(), { mediaType: 'lone \ud800' })]);
    expect((await ledger.claimPending(1, 1_000))[0]?.id).toBe(kept?.id);
  });

  test('without a time are refused alone', async () => {
    const redis = await start();
    const ledger = await open({ url: redis.url });
    const [timeless, other] = await Promise.allSettled([
      ledger.record([tagSeen('a', 'one', Number.NaN)]),
      ledger.record([tagSeen('b', 'one', now())]),
    ]);
    expect(timeless).toMatchObject({ status: 'rejected', reason: { code: 'INTERNAL' } });
    expect(other).toMatchObject({ status: 'fulfilled', value: { outcomes: ['changed'] } });
  });
});

describe('a storm of reads', () => {
  test('is answered a few at a time, and refused beyond its bound', async () => {
    const redis = await start();
    const ledger = await open({ url: redis.url, limits: { maxWaitingReads: 100 } });
    await ledger.record(range(1, 50).map((i) => tagSeen(`t${i}`, 'one', now())));
    const storm = await Promise.allSettled(range(1, 200).map(() => ledger.read(0, 1_000)));
    const refused = storm.filter(({ status }) => status === 'rejected');
    expect(refused).toHaveLength(200 - 100 - 8);
    for (const one of refused) expect(one).toMatchObject({ reason: { code: 'UNAVAILABLE' } });
    expect((await ledger.read(0, 1_000)).changes).toHaveLength(50);
  });
});

describe('retention', () => {
  test('frees what it drops, and forgets old tombstones and digests without a tag in bounded steps', async () => {
    const redis = await start();
    let offsetMs = 0;
    const clockNow = () => now() + offsetMs;
    const keyPrefix = freshPrefix();
    const ledger = await open({
      ...{ url: redis.url, keyPrefix, now: clockNow, monotonic: () => performance.now() + offsetMs },
      limits: { maxTrimmedAtOnce: 50 },
      retention: { maxChanges: 100, maxAgeMs: 1_000 },
    });
    const at = clockNow();
    await ledger.record(range(1, 600).map((i) => tagSeen(`t${i}`, `w${i}`, at)));
    await ledger.record(range(1, 500).map((i) => tagGone(`t${i}`, at)));
    await ledger.record([manifestSeen('bare', at, { repository: 'only/manifests' })]);
    expect(await ledger.trim()).toMatchObject({ floor: 1_001, head: 1_101 });
    const count = (key: string) => redis.admin.hlen(`{${keyPrefix}}:${key}`);
    const repo = 'registry.example.com:5000/library/base';
    expect(await count(`t:${repo}`)).toBe(600);
    offsetMs = 11 * 60_000;
    expect(await ledger.trim()).toMatchObject({ floor: 1_101, head: 1_101 });
    expect(await count(`t:${repo}`)).toBe(100);
    expect(await count(`m:${repo}`)).toBe(100);
    expect(await redis.admin.zrange(`{${keyPrefix}}:repos`, '0', '-1')).toEqual([
      'registry.example.com:5000 library/base',
    ]);
    // Whole nodes only, of some 100 entries each.
    expect(await redis.admin.xlen(`{${keyPrefix}}:log`)).toBeLessThanOrEqual(200);
  });
});
