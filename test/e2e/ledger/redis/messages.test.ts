// @needs redis-server
/** What the gateway says of its Redis: where it looked, what it found, and what to set. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { tagSeen } from '../../../support/ledger-samples.ts';
import { recordingLog } from '../../../support/recording-log.ts';
import { redisBench } from '../../../support/redis-ledger.ts';

const { start, open, later, cleanUp } = redisBench();
afterEach(cleanUp);

async function portOf(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  later(async () => void server.close());
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

describe('a ledger', () => {
  test.each([
    ['a web server', 'HTTP/1.1 400 Bad Request\r\n\r\n'],
    ['a mail server', '500 5.5.1 unrecognised command\r\n'],
    ['memcached', 'ERROR\r\n'],
  ])('whose address is that of %s says that this is not Redis', async (_what, answer) => {
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => socket.write(answer));
    });
    const port = await portOf(server);
    const opening = open({ url: `redis://127.0.0.1:${port}`, openTimeoutMs: 3_000 });
    await expect(opening).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: `open the ledger: what answers at 127.0.0.1:${port} is not Redis: set ledger to the address of a Redis`,
    });
  });

  test('says of a Redis that is not there that it cannot be reached, at the start and later', async () => {
    const redis = await start();
    const ledger = await open({ url: redis.url });
    await redis.kill();
    const opening = open({ url: redis.url, openTimeoutMs: 3_000 });
    await expect(opening).rejects.toMatchObject({
      message: expect.stringMatching(
        /^open the ledger: cannot reach Redis at 127\.0\.0\.1:\d+ \(.*ECONNREFUSED/,
      ),
    });
    await expect(ledger.record([tagSeen('a', 'one', Date.now())])).rejects.toMatchObject({
      message: expect.stringMatching(/^record observations: cannot reach Redis \(.*\)$/),
    });
    await expect(ledger.check()).rejects.toMatchObject({
      message: expect.stringMatching(/^check the ledger: cannot reach Redis \(.*\)$/),
    });
  });

  test('says of a Redis that does not take a write that it refused, and why', async () => {
    const redis = await start();
    const ledger = await open({ url: redis.url });
    await redis.admin.config('SET', 'maxmemory', '1');
    await expect(ledger.record([tagSeen('a', 'one', Date.now())])).rejects.toMatchObject({
      message: expect.stringMatching(/^record observations: Redis refused it \(OOM .*\)$/),
    });
  });
});

describe('the start', () => {
  const warnings = async (args: readonly string[]) => {
    const redis = await start({ args });
    const log = recordingLog();
    await open({ url: redis.url, log });
    // A Redis on a busy machine may refuse the first connection: that warning is not of this test, and each
    // connection warns of the rest.
    const ofTheLedger = log.lines.filter(
      ({ level, message }) => level === 'warn' && message.startsWith('open the ledger:'),
    );
    return [...new Set(ofTheLedger.map(({ message }) => message))];
  };
  const remedy = 'set "appendonly yes" and "appendfsync always" (docs/operating.md, Redis)';

  test('warns of a Redis that keeps nothing on disk', async () => {
    expect(await warnings([])).toEqual([
      `open the ledger: Redis has no append-only file: if it restarts, all changes and acknowledged pushes are lost: ${remedy}`,
    ]);
  });

  test('warns of a Redis that keeps only snapshots', async () => {
    expect(await warnings(['--save', '3600 1'])).toEqual([
      `open the ledger: Redis has no append-only file: if it restarts, acknowledged pushes since its last snapshot are lost: ${remedy}`,
    ]);
  });

  test('warns of an append-only file that is written once a second', async () => {
    expect(await warnings(['--appendonly', 'yes'])).toEqual([
      'open the ledger: Redis writes its append-only file once a second or less: if its machine fails, acknowledged pushes of the last seconds are lost: set "appendfsync always" (docs/operating.md, Redis)',
    ]);
  });

  test('has nothing to say of a Redis that has each change on disk', async () => {
    expect(await warnings(['--appendonly', 'yes', '--appendfsync', 'always'])).toEqual([]);
  });
});

test('operators hear of what may be lost for as long as it is so', async () => {
  const redis = await start({ args: [] });
  const ledger = await open({ url: redis.url });
  expect((await ledger.storage()).risk).toEqual({
    cause: 'Redis has no append-only file: if it restarts, all changes and acknowledged pushes are lost',
    remedy: 'set "appendonly yes" and "appendfsync always"',
  });
  await redis.admin.config('SET', 'appendonly', 'yes');
  await redis.admin.config('SET', 'appendfsync', 'always');
  expect((await ledger.storage()).risk).toBeNull();
});
