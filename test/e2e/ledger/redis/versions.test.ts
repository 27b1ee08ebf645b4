// @needs redis-server
/**
 * Ledgers and gateways of other versions on the same Redis. `redis-schema-1.json` holds the commands that make a
 * ledger as the last code of schema 1 left it; `redis-schema-1-status.lua` is what that code ran at its start, before
 * each write and for `/readyz`.
 */
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { schemaVersion } from '../../../../src/redis/keys.ts';
import { digestOf, tagSeen, where } from '../../../support/ledger-samples.ts';
import type { RedisNode } from '../../../support/redis.ts';
import { range, redisBench, sequences } from '../../../support/redis-ledger.ts';

const { start, open, cleanUp } = redisBench();
afterEach(cleanUp);

const fixture = (name: string) =>
  readFileSync(new URL(`../../../fixtures/ledger/${name}`, import.meta.url), 'utf8');
/** The prefix and the epoch of the fixture. */
const keyPrefix = 'old';
const epoch = '04rgj71o';

let redis: RedisNode;
beforeEach(async () => {
  redis = await start();
  const commands = JSON.parse(fixture('redis-schema-1.json')) as [string, ...string[]][];
  for (const [command, ...args] of commands) await redis.admin.call(command, ...args);
});

function statusOfSchema1(): Promise<unknown> {
  const common = { schema: 1, now: null, epoch: 'newepoch', seenEpoch: '', seenHead: 0, channel: 'c' };
  return redis.admin.eval(
    fixture('redis-schema-1-status.lua'),
    1,
    `{${keyPrefix}}:meta`,
    JSON.stringify(common),
  );
}

test('a ledger of schema 1 opens with its positions, its tags, and what waits in it', async () => {
  expect(await statusOfSchema1()).toEqual([epoch, '0', '6', '0', 'the ledger is new']);
  const ledger = await open({ url: redis.url, keyPrefix });
  expect(await ledger.bounds()).toEqual({ epoch, floor: 0, head: 6 });
  const { changes } = await ledger.read(0, 10);
  expect(sequences(changes)).toEqual(range(1, 6));
  expect(changes[3]).toMatchObject({
    ...{ type: 'tag.updated', tag: 'latest', epoch },
    ...{ digest: digestOf('three'), previousDigest: digestOf('two') },
  });
  const { tags } = await ledger.tags({ limit: 10 });
  expect(tags.map(({ tag, digest }) => [tag, digest])).toEqual([
    ['1.1', digestOf('two')],
    ['latest', digestOf('three')],
  ]);
  expect(await ledger.baselines(where.registry, where.repository)).toEqual(['tags']);
  expect((await ledger.claimPending(5, 60_000)).map(({ observation }) => observation.tag)).toEqual(['later']);
});

test('a ledger of schema 1 is gone on with: next number, what it pointed at, and from there on checksums', async () => {
  const ledger = await open({ url: redis.url, keyPrefix });
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

test('a gateway of schema 1 refuses to write where this version has been, by name, and changes nothing', async () => {
  const ledger = await open({ url: redis.url, keyPrefix });
  await ledger.record([tagSeen('latest', 'four', Date.now())]);
  const before = await redis.admin.hgetall(`{${keyPrefix}}:meta`);
  await expect(statusOfSchema1()).rejects.toThrow(`SCHEMA ${schemaVersion}`);
  expect(await redis.admin.hgetall(`{${keyPrefix}}:meta`)).toEqual(before);
});

test('this version refuses a newer schema by name, and changes nothing', async () => {
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
