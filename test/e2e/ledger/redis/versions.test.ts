// @needs redis-server
/**
 * Ledgers and gateways of other versions on the same Redis. `redis-schema-<n>.json` holds the commands that make a
 * ledger as the last code of schema n left it; `redis-schema-<n>-status.lua` is what that code ran at its start, before
 * each write and for `/readyz`. `redis-schema-3-half.json` is one that this code was upgrading from schema 2.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Change } from '../../../../src/event/change.ts';
import type { Digest } from '../../../../src/event/digest.ts';
import type { RepositoryName } from '../../../../src/event/reference.ts';
import type { TagState } from '../../../../src/ledger/ledger.ts';
import { openMemoryLedger } from '../../../../src/ledger/memory/memory.ts';
import type {
  LedgerQueries,
  RepositoryState,
  TagListQuery,
  TagPlace,
} from '../../../../src/ledger/queries.ts';
import type { SharedLedger } from '../../../../src/ledger/redis/redis.ts';
import { systemClock } from '../../../../src/lib/clock.ts';
import { schemaVersion } from '../../../../src/redis/keys.ts';
import { armed } from '../../../support/gateway.ts';
import { digestOf, tagSeen, where } from '../../../support/ledger-samples.ts';
import type { RedisNode } from '../../../support/redis.ts';
import { range, redisBench, sequences } from '../../../support/redis-ledger.ts';

const { start, open, cleanUp } = redisBench();
afterEach(cleanUp);

const fixture = (name: string) =>
  readFileSync(new URL(`../../../fixtures/ledger/${name}`, import.meta.url), 'utf8');
/** The prefix of the fixtures. */
const keyPrefix = 'old';
/** Of the fixtures: the newest is from years ago by the time that tests run. */
const retention = { maxChanges: 1_000, maxAgeMs: 100 * 365 * 86_400_000 };

let redis: RedisNode;
beforeEach(async () => {
  redis = await start();
});

async function load(schema: number | '3-half'): Promise<void> {
  const commands = JSON.parse(fixture(`redis-schema-${schema}.json`)) as [string, ...string[]][];
  for (const [command, ...args] of commands) await redis.admin.call(command, ...args);
}

function statusOf(schema: number): Promise<unknown> {
  const common = { schema, now: null, epoch: 'newepoch', seenEpoch: '', seenHead: 0, channel: 'c' };
  const script = fixture(`redis-schema-${schema}-status.lua`);
  return redis.admin.eval(script, 1, `{${keyPrefix}}:meta`, JSON.stringify(common));
}

const openOld = (limits = {}) => open({ url: redis.url, keyPrefix, retention, limits });

describe('a ledger of schema 1', () => {
  const epoch = '04rgj71o';
  beforeEach(() => load(1));

  test('opens with its positions, its tags, and what waits in it', async () => {
    expect(await statusOf(1)).toEqual([epoch, '0', '6', '0', 'the ledger is new']);
    const ledger = await openOld();
    expect(await ledger.bounds()).toEqual({ epoch, floor: 0, head: 6 });
    const { changes } = await ledger.read(0, 10);
    expect(sequences(changes)).toEqual(range(1, 6));
    expect(changes[3]).toMatchObject({
      ...{ type: 'tag.updated', tag: 'latest', epoch },
      ...{ digest: digestOf('three'), previousDigest: digestOf('two') },
    });
    const { tags } = await ledger.listTags({ limit: 10 });
    expect(tags.map(({ tag, digest }) => [tag, digest])).toEqual([
      ['1.1', digestOf('two')],
      ['latest', digestOf('three')],
    ]);
    expect(await ledger.baselines(where.registry, where.repository)).toEqual(['tags']);
    expect((await ledger.claimPending(5, 60_000)).map(({ observation }) => observation.tag)).toEqual([
      'later',
    ]);
  });

  test('is gone on with: next number, what it pointed at, and from there on checksums', async () => {
    const ledger = await openOld();
    const { changes } = await ledger.record([tagSeen('latest', 'four', Date.now())]);
    expect(changes).toMatchObject([{ epoch, sequence: 7, previousDigest: digestOf('three') }]);
    expect(sequences((await ledger.read(0, 10)).changes)).toEqual(range(1, 7));
    const meta = await redis.admin.hgetall(`{${keyPrefix}}:meta`);
    expect(meta).toMatchObject({ schema: String(schemaVersion), summedFrom: '6' });
    // An entry without a checksum is not of this version: nobody can have written it.
    await redis.admin.xadd(`{${keyPrefix}}:log`, '8-0', 'c', JSON.stringify([1, 'tag.created']));
    await redis.admin.hset(`{${keyPrefix}}:meta`, 'head', 8);
    await expect(ledger.read(7, 10)).rejects.toMatchObject({ detail: { reason: 'continuity-lost' } });
  });
});

describe.each([1, 2, 3])('a gateway of schema %i', (schema) => {
  test('refuses to write where this version has been, by name, and changes nothing', async () => {
    await load(schema);
    const ledger = await openOld();
    await ledger.record([tagSeen('latest', 'four', Date.now())]);
    const before = await redis.admin.hgetall(`{${keyPrefix}}:meta`);
    await expect(statusOf(schema)).rejects.toThrow(`SCHEMA ${schemaVersion}`);
    expect(await redis.admin.hgetall(`{${keyPrefix}}:meta`)).toEqual(before);
  });
});

describe('a ledger of schema 2', () => {
  const epoch = '0xa7qjbr';
  const small = { maxRowsLookedAt: 7 };
  beforeEach(() => load(2));

  const changesOf = async (ledger: SharedLedger) => (await ledger.read(12, 1_000)).changes;

  test('opens with all its changes, and answers every query as the same rows do in memory', async () => {
    expect(await statusOf(2)).toEqual([epoch, '12', '72', '0', 'the ledger is new', expect.any(String)]);
    const ledger = await openOld();
    expect(await ledger.bounds()).toEqual({ epoch, floor: 12, head: 72 });
    expect(sequences(await changesOf(ledger))).toEqual(range(13, 72));
    expect((await ledger.claimPending(5, 60_000)).map(({ observation }) => observation.tag)).toEqual([
      'later',
    ]);
    expect(await redis.admin.hget(`{${keyPrefix}}:meta`, 'summedFrom')).toBe('0');
    await expectWholeIndex(ledger);
    expect((await ledger.tagsAt({ digest: digestOf('shared'), limit: 100 })).tags).toHaveLength(39);
  });

  test('is gone on with: the history joins, and the digest of many tags ends with all of them', async () => {
    const ledger = await openOld();
    const { changes } = await ledger.record([tagSeen('early', 'one', Date.now())]);
    expect(changes).toMatchObject([{ epoch, sequence: 73, previousDigest: digestOf('e19') }]);
    const of = { ...where, tag: 'early' };
    expect(sequences((await ledger.history({ of, limit: 3 })).changes)).toEqual([73, 20, 19]);
    await expectWholeIndex(ledger);
  });

  test('is migrated by several gateways at once, in steps of a few rows', async () => {
    const ledgers = await Promise.all(range(1, 4).map(() => openOld(small)));
    for (const ledger of ledgers) {
      const { changes } = await ledger.record([tagSeen('latest', `${Math.random()}`, Date.now())]);
      expect(changes).toHaveLength(1);
    }
    const [ledger] = ledgers;
    if (ledger === undefined) throw new Error('open four gateways: none is open');
    expect(sequences(await changesOf(ledger))).toEqual(range(13, 76));
    await expectWholeIndex(ledger);
  });

  test('loses nothing if the gateway that migrates it is killed at any step', async () => {
    const script = `
      const { openRedisLedger } = await import(${JSON.stringify(sourceOf('ledger/redis/redis.ts'))});
      const { systemClock } = await import(${JSON.stringify(sourceOf('lib/clock.ts'))});
      await openRedisLedger({ url: ${JSON.stringify(redis.url)}, keyPrefix: ${JSON.stringify(keyPrefix)},
        clock: systemClock, random: Math.random, retention: ${JSON.stringify(retention)},
        limits: ${JSON.stringify(small)} });`;
    for (const step of [1, 3, 5, 2, 3]) {
      const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
        stdio: 'ignore',
        env: {
          PATH: process.env.PATH ?? '',
          NODE_NO_WARNINGS: '1',
          ...armed(`redis.mid-migration:${step}`),
        },
      });
      expect(await once(child, 'exit')).toEqual([null, 'SIGKILL']);
      expect(await redis.admin.hexists(`{${keyPrefix}}:meta`, 'migrating')).toBe(1);
      await expect(statusOf(2)).rejects.toThrow(`SCHEMA ${schemaVersion}`);
    }
    const ledger = await openOld(small);
    expect(await ledger.bounds()).toEqual({ epoch, floor: 12, head: 72 });
    expect(sequences(await changesOf(ledger))).toEqual(range(13, 72));
    await expectWholeIndex(ledger);
  });

  test('can hold where targets are, from its head on', async () => {
    const ledger = await openOld(small);
    const held = await ledger.cursors.claimTargets(['hooks'], 'g1', 10_000);
    expect(held).toMatchObject([{ isNew: true, cursor: { epoch, low: 72, done: [] } }]);
  });

  test('that comes back under a running gateway, from a snapshot, is migrated again', async () => {
    const ledger = await openOld(small);
    await redis.admin.flushall();
    await load(2);
    const { changes } = await ledger.record([tagSeen('new', 'one', Date.now())]);
    expect(changes).toMatchObject([{ sequence: 73 }]);
    await expectWholeIndex(ledger);
  });
});

describe('a ledger of schema 3', () => {
  const epoch = '0xa7qjbr';

  test.each([
    ['none of its repositories is large', 1_000],
    ['some are large', 80],
    ['all are', 7],
  ])('opens with all its changes, and answers every query: %s', async (_name, maxRowsLookedAt) => {
    await load(3);
    const state = [epoch, '12', '74', '0', 'the ledger is new', expect.any(String)];
    expect(await statusOf(3)).toEqual(state);
    const ledger = await openOld({ maxRowsLookedAt });
    expect(await ledger.bounds()).toEqual({ epoch, floor: 12, head: 74 });
    expect(sequences((await ledger.read(12, 1_000)).changes)).toEqual(range(13, 74));
    await expectWholeIndex(ledger);
    const { changes } = await ledger.record([tagSeen('1.1', 'four', Date.now())]);
    expect(changes).toMatchObject([{ epoch, sequence: 75, previousDigest: digestOf('three') }]);
    await expectWholeIndex(ledger);
    const orders = await redis.admin.keys(`{${keyPrefix}}:u:*`);
    expect(orders).toHaveLength((await redis.admin.hlen(`{${keyPrefix}}:ordered`)) - 1);
    expect(await redis.admin.object('ENCODING', `{${keyPrefix}}:last`)).toBe('hashtable');
  });

  test('whose own upgrade from schema 2 was stopped half-way is upgraded to its end', async () => {
    await load('3-half');
    const ledger = await openOld({ maxRowsLookedAt: 7 });
    expect(await ledger.bounds()).toEqual({ epoch, floor: 12, head: 72 });
    expect(sequences((await ledger.read(12, 1_000)).changes)).toEqual(range(13, 72));
    await expectWholeIndex(ledger);
  });
});

test('this version refuses a newer schema by name, and changes nothing', async () => {
  await load(2);
  const newer = schemaVersion + 1;
  await redis.admin.hset(`{${keyPrefix}}:meta`, 'schema', newer);
  const before = await redis.admin.hgetall(`{${keyPrefix}}:meta`);
  await expect(open({ url: redis.url, keyPrefix })).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    message: expect.stringContaining(
      `schema ${newer} in Redis, written by a newer version: must be at most ${schemaVersion}`,
    ),
  });
  expect(await redis.admin.hgetall(`{${keyPrefix}}:meta`)).toEqual(before);
});

function sourceOf(path: string): string {
  return fileURLToPath(new URL(`../../../../src/${path}`, import.meta.url));
}

/** Every query gives what a ledger in memory with the same rows gives. */
async function expectWholeIndex(ledger: SharedLedger): Promise<void> {
  const memory = await openMemoryLedger({ clock: systemClock, random: Math.random, retention });
  await memory.importRows(ledger.exportRows());
  expect(await answersOf(ledger)).toEqual(await answersOf(memory));
}

async function answersOf(ledger: LedgerQueries) {
  const tags = await listed(ledger, {});
  const moved = await listed(ledger, { sort: 'updated' });
  const repositories = await repositoriesOf(ledger);
  const ofRepositories = [];
  for (const { registry, repository } of repositories) {
    const within = { repositories: [`${registry}/${repository}`] };
    ofRepositories.push(
      await listed(ledger, { within, sort: 'updated' }),
      await historyOf(ledger, { registry, repository }),
    );
  }
  const atDigests = [];
  for (const { digest } of tags) if (digest !== null) atDigests.push(await atDigest(ledger, digest));
  const histories = [];
  for (const { registry, repository, tag } of [...tags, { ...where, tag: 'gone' }, { ...where, tag: '1.0' }])
    histories.push(await historyOf(ledger, { registry, repository, tag }));
  return { tags, moved, repositories, ofRepositories, atDigests, histories };
}

/** All rows of a query's pages. */
async function all<Place, Row>(
  read: (after: { readonly after?: Place }) => Promise<readonly [rows: readonly Row[], next: Place | null]>,
): Promise<Row[]> {
  const found: Row[] = [];
  for (let after: { readonly after?: Place } = {}; ; ) {
    const [rows, next] = await read(after);
    found.push(...rows);
    if (next === null) return found;
    after = { after: next };
  }
}

function listed(ledger: LedgerQueries, query: Omit<TagListQuery, 'after' | 'limit'>) {
  return all<TagPlace, TagState>(async (after) => {
    const { tags, next } = await ledger.listTags({ ...query, limit: 9, ...after });
    return [tags, next];
  });
}

function atDigest(ledger: LedgerQueries, digest: Digest) {
  return all<TagPlace, TagState>(async (after) => {
    const { tags, next } = await ledger.tagsAt({ digest, limit: 9, ...after });
    return [tags, next];
  });
}

function repositoriesOf(ledger: LedgerQueries) {
  return all<RepositoryName, RepositoryState>(async (after) => {
    const { repositories, next } = await ledger.listRepositories({ limit: 2, ...after });
    return [repositories, next];
  });
}

async function historyOf(
  ledger: LedgerQueries,
  of: { registry: string; repository: string; tag?: string },
): Promise<Change[]> {
  const found: Change[] = [];
  for (let before: { before?: number } = {}; ; ) {
    const page = await ledger.history({ of, limit: 9, ...before });
    found.push(...page.changes);
    if (page.next === null) return found;
    before = { before: page.next };
  }
}
