/** `manifeed ledger` beside a gateway that is at work: it looks, exports and backs up; restoring is safe. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { schemaVersion } from '../../src/ledger/sqlite/tables.ts';
import { digest, type GatewayProcess, publish, spawnGateway } from '../support/gateway.ts';
import { openSse } from '../support/sse-client.ts';
import { of } from '../support/stream-client.ts';
import { until } from '../support/until.ts';

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

let folder: string;
let path: string;
let gateway: GatewayProcess | null = null;
/** Numbers of the changes acknowledged. */
let acknowledged = 0;
let pushing: Promise<void> | null = null;
let stopped = false;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'manifeed-commands-'));
  path = join(folder, 'manifeed.db');
  acknowledged = 0;
});
afterEach(async () => {
  await stopPushing();
  await gateway?.stop('SIGKILL');
  gateway = null;
  rmSync(folder, { recursive: true, force: true });
});

async function start(): Promise<GatewayProcess> {
  gateway = await spawnGateway({ settings: { ledger: `sqlite:${path}` } });
  return gateway;
}

async function stop(): Promise<void> {
  await stopPushing();
  await gateway?.stop('SIGTERM');
  gateway = null;
}

/** Publishes one change after the other until it is stopped. */
function pushTo(port: number): void {
  stopped = false;
  pushing = (async () => {
    while (!stopped) {
      const n = acknowledged + 1;
      await publish(port, [{ reference: `r.test/team/app:t${n}`, digest: digest(String(n)) }]);
      acknowledged = n;
    }
  })();
}

async function stopPushing(): Promise<void> {
  stopped = true;
  await pushing;
  pushing = null;
}

async function untilAcknowledged(count: number): Promise<void> {
  // Ends at once if the gateway refuses one.
  await Promise.race([pushing, until(`${count} changes`, () => acknowledged >= count)]);
}

async function ledger(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  const child = spawn(process.execPath, [main, 'ledger', ...argv, '--ledger', `sqlite:${path}`], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH ?? '', NODE_NO_WARNINGS: '1' },
  });
  const texts = ['', ''];
  child.stdout.on('data', (bytes: Buffer) => (texts[0] += bytes.toString()));
  child.stderr.on('data', (bytes: Buffer) => (texts[1] += bytes.toString()));
  const [code] = await once(child, 'close');
  return { code, out: texts[0] ?? '', err: texts[1] ?? '' };
}

const field = (out: string, name: string) => new RegExp(`^${name} +(.*)$`, 'm').exec(out)?.[1] ?? '';

it('G11: info, export and backup work while the gateway stores, and nothing that it stores is disturbed', async () => {
  const { port, child } = await start();
  pushTo(port);
  await untilAcknowledged(50);

  const info = await ledger('info');
  expect(info).toMatchObject({ code: 0, err: '' });
  const { out } = info;
  expect(Number(field(out, 'changes'))).toBeGreaterThanOrEqual(50);
  expect(field(out, 'open in')).toMatch(new RegExp(`^process ${child.pid} on .+, since 20`));
  expect(field(out, 'schema')).toBe(String(schemaVersion));
  expect(Number(field(out, 'log bytes'))).toBeGreaterThan(0);
  expect(Date.parse(field(out, 'newest'))).toBeGreaterThanOrEqual(Date.parse(field(out, 'oldest')));

  const before = acknowledged;
  const exported = await ledger('export');
  expect(exported).toMatchObject({ code: 0, err: '' });
  const rows = exported.out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(rows[0].head).toBeGreaterThanOrEqual(before);
  expect(rows.at(-1)).toEqual({ row: 'end', rows: rows.length - 1 });

  const backup = join(folder, 'backup.db');
  const least = acknowledged;
  expect(await ledger('backup', backup)).toMatchObject({ code: 0, err: `backed up to ${backup}\n` });
  expect(await ledger('backup', backup)).toMatchObject({
    code: 1,
    err: expect.stringMatching(/there already/),
  });
  await untilAcknowledged(acknowledged + 20);
  expect((await fetch(`http://127.0.0.1:${port}/readyz`)).status).toBe(200);
  await stop();
  expect(readdirSync(folder).filter((name) => name.startsWith('backup'))).toEqual(['backup.db']);

  path = backup;
  const inBackup = await ledger('info');
  expect(Number(field(inBackup.out, 'changes'))).toBeGreaterThanOrEqual(least);
  expect(field(inBackup.out, 'open in')).toBe('no gateway');
});

it('G5: a restored backup goes on under a new epoch, and a subscriber from before is reset', async () => {
  const first = await start();
  pushTo(first.port);
  await untilAcknowledged(20);
  const backup = join(folder, 'backup.db');
  expect(await ledger('backup', backup)).toMatchObject({ code: 0 });
  const refused = await ledger('restore', backup);
  expect(refused).toMatchObject({ code: 1, err: expect.stringContaining('another gateway has it') });
  await untilAcknowledged(acknowledged + 20);
  const probe = await openSse(first.port);
  const { position } = await probe.inbox.until(of('ready'));
  probe.close();
  await stop();
  const epoch = position.split('-')[0];

  const restored = await ledger('restore', backup);
  expect(restored).toMatchObject({ code: 0, out: '' });
  expect(restored.err).toMatch(
    /under a new epoch: every subscriber will be reset\n.* is now manifeed\.db\.replaced-\d{8}T\d{6}Z/,
  );
  const kept = readdirSync(folder).find((name) => /\.replaced-\w+$/.test(name)) ?? '';
  expect(existsSync(join(folder, kept))).toBe(true);
  expect(existsSync(`${path}.restoring`)).toBe(false);

  const { port } = await start();
  const client = await openSse(port, { after: position });
  const reset = await client.inbox.until(of('reset'));
  expect(reset).toMatchObject({ reason: 'epoch' });
  expect(reset.position.split('-')[0]).not.toBe(epoch);
  await publish(port, [{ reference: 'r.test/team/app:more', digest: digest('more') }]);
  expect((await client.inbox.until(of('change'))).change).toMatchObject({ tag: 'more' });
  client.close();
});

it('a path that names no ledger, or no folder, is refused in words', async () => {
  expect(await ledger('info')).toMatchObject({
    code: 1,
    err: expect.stringMatching(/there is no such file/),
  });
  expect(await ledger('restore', join(folder, 'nothing.db'))).toMatchObject({
    code: 1,
    err: expect.stringMatching(/there is no such file/),
  });
  const { port } = await start();
  await publish(port, [{ reference: 'r.test/team/app:a', digest: digest('a') }]);
  await stop();
  expect(await ledger('backup', join(folder, 'nowhere', 'backup.db'))).toMatchObject({
    code: 1,
    err: expect.stringMatching(
      /^manifeed ledger: back up ledger to .*: its folder is not there: make it first\n$/,
    ),
  });
  expect(await ledger('restore', path)).toMatchObject({
    code: 1,
    err: expect.stringMatching(/that file itself/),
  });
  expect(await ledger('restore', main)).toMatchObject({
    code: 1,
    err: expect.stringMatching(/not a SQLite database/),
  });
  expect(await ledger('info')).toMatchObject({ code: 0 });
});
