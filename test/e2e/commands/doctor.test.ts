// @needs redis-server
/** `manifeed doctor`, as a real process, at real gateways. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freePort } from '../../support/free-port.ts';
import { type GatewayProcess, type Settings, spawnGateway } from '../../support/gateway.ts';
import { startRedis } from '../../support/redis.ts';
import { run, startShell } from './support/run.ts';

let folder: string;
const open: (() => Promise<void>)[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'manifeed-doctor-'));
});
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
  rmSync(folder, { recursive: true, force: true });
});

async function gatewayWith(settings: Settings): Promise<GatewayProcess> {
  const gateway = await spawnGateway({ settings });
  open.push(() => gateway.stop('SIGTERM'));
  return gateway;
}

describe('manifeed doctor', () => {
  it('finds nothing wrong with a gateway on SQLite and the machine that it runs on', async () => {
    const settings = { ledger: `sqlite:${join(folder, 'm.db')}` };
    const { url } = await gatewayWith(settings);
    const config = join(folder, 'm.yaml');
    writeFileSync(config, JSON.stringify({ listen: '127.0.0.1:0', ...settings }));
    const { code, out, err } = await run(url, ['doctor', '--config', config, '--canary', '--registries']);
    expect([code, err]).toEqual([0, '']);
    const levels = out
      .trim()
      .split('\n')
      .map((line) => line.split('\t').slice(0, 2).join(' '));
    expect(levels).toEqual(
      expect.arrayContaining([
        ...['ok config', 'ok disk', 'ok gateway', 'ok clock', 'ok token', 'ok ledger', 'ok hooks'],
        ...['ok sse', 'ok websocket', 'ok long-poll', 'ok canary', 'ok registries'],
      ]),
    );
    expect(levels.filter((level) => level.startsWith('failed'))).toEqual([]);
  });

  it('finds a Redis that keeps nothing on disk', async () => {
    const redis = await startRedis({ args: ['--save', '', '--appendonly', 'no'] });
    open.push(() => redis.stop());
    const { url } = await gatewayWith({ ledger: redis.url });
    const { code, out } = await run(url, ['doctor', '--quiet']);
    expect(code).toBe(0);
    expect(out).toMatch(
      /^warning\tledger\t-\tRedis has no append-only file: .*\tIn Redis, set "appendonly yes" and/m,
    );
  });

  it('finds a Redis that is away', async () => {
    const redis = await startRedis({ args: ['--appendonly', 'yes'] });
    open.push(() => redis.stop());
    const { url } = await gatewayWith({ ledger: redis.url });
    await redis.kill();
    const { code, out } = await run(url, ['doctor', '--quiet']);
    expect(code).toBe(1);
    expect(out).toMatch(/^failed\tgateway\t-\tit answers, but is not ready: .*Redis/m);
    expect(out).toMatch(/^failed\tledger\t-\tThe ledger does not store/m);
  });

  it('shows marks and remedies on a terminal', async () => {
    const away = `http://127.0.0.1:${await freePort()}`;
    const line = 'script -qec "$MANIFEED doctor" /dev/null';
    const { out } = await startShell(away, line, { env: { TERM: 'xterm', NO_COLOR: '1' } }).ended;
    expect(out).toMatch(/✗ gateway +no answer \(.*ECONNREFUSED.*\)\r?\n +Start the gateway/);
  });

  it('names wrong usage, with exit code 2', async () => {
    const { code, err } = await run('http://127.0.0.1:1', ['doctor', '--hook', 'x']);
    expect([code, err]).toEqual([2, expect.stringContaining('read --hook: must be with --canary')]);
  });
});
