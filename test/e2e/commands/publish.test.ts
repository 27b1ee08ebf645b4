/** `manifeed publish` and a gateway, as real processes. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../support/free-port.ts';
import { digest, type GatewayProcess, spawnGateway } from '../../support/gateway.ts';
import { run, start, startShell } from './support/run.ts';

const env = { MANIFEED_TOKEN: 'hook-secret' };
let gateway: GatewayProcess;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'manifeed-publish-'));
  const webhooks = [
    { name: 'publish', kind: 'manifeed', token: 'hook-secret' },
    { name: 'open', kind: 'manifeed', registry: 'other.test', verify: 'none' },
    { name: 'dist', kind: 'distribution', verify: 'none' },
  ];
  gateway = await spawnGateway({ settings: { defaultRegistry: 'reg.test', webhooks } });
});
afterAll(async () => {
  await gateway.stop('SIGTERM');
  rmSync(folder, { recursive: true, force: true });
});

function publish(...args: readonly string[]) {
  return run(gateway.url, ['publish', ...args], { env });
}

describe('manifeed publish', () => {
  it('makes a change that subscribers receive, and a deletion', async () => {
    const watch = start(gateway.url, [
      'watch',
      'reg.test/live/app',
      '--count',
      '2',
      '--snapshot',
      '--json-events',
    ]);
    await watch.sees((out) => out.includes('"ready"'));
    expect(await publish('live/app:1', digest('a'))).toMatchObject({
      ...{ code: 0, err: '', out: `changed\tlive/app:1\t${digest('a')}\n` },
    });
    expect(await publish('live/app:1', '--delete')).toMatchObject({
      code: 0,
      out: 'changed\tlive/app:1\t-\n',
    });
    const { out } = await watch.ended;
    expect(out.match(/"type":"tag\.\w+"/g)).toEqual(['"type":"tag.created"', '"type":"tag.deleted"']);
  });

  it('says what was known, is older or waits for the registry', async () => {
    expect((await publish('word/app:1', digest('a'))).out).toMatch(/^changed\t/);
    expect((await publish('word/app:1', digest('a'))).out).toMatch(/^unchanged\t/);
    const at = (day: string) => ['--occurred-at', `2026-01-${day}T00:00:00Z`];
    expect((await publish('word/app:4', digest('b'), ...at('02'))).out).toMatch(/^changed\t/);
    expect(await publish('word/app:4', digest('c'), ...at('01'))).toMatchObject({
      ...{ code: 0, out: `stale\tword/app:4\t${digest('c')}\n` },
    });
    expect(await publish('word/app:2')).toMatchObject({ code: 0, out: 'pending\tword/app:2\t-\n' });
    expect((await publish('word/app:3', digest('a'), '--id', 'build-7')).out).toMatch(/^changed\t/);
    expect((await publish('word/app:3', digest('b'))).out).toMatch(/^changed\t/);
    expect((await publish('word/app:3', digest('a'), '--id', 'build-7')).out).toMatch(/^unchanged\t/);
  });

  it('prints the answer with --json, and words on a terminal', async () => {
    const { out } = await publish('json/app:1', digest('a'), '--json');
    expect(JSON.parse(out)).toEqual({ accepted: 1, changes: 1, pending: 0, unchanged: 0, ignored: {} });
    const line = `script -qec "$MANIFEED publish tty/app:1 ${digest('a')} --no-color" /dev/null`;
    const shown = await startShell(gateway.url, line, { env: { ...env, TERM: 'xterm' } }).ended;
    expect(shown.out).toContain('changed  tty/app:1  subscribers receive the change');
  });

  it('takes the hook by name, and its token from a file', async () => {
    const file = join(folder, 'token');
    writeFileSync(file, 'hook-secret\n');
    const watch = start(gateway.url, ['watch', 'other.test/by-name', '--count', '1', '--snapshot']);
    expect(await publish('by-name:1', digest('a'), '--hook', 'open')).toMatchObject({ code: 0 });
    expect((await watch.ended).out).toContain('other.test/by-name:1');
    const args = ['publish', 'file/app:1', digest('a'), '--token-file', file];
    expect(await run(gateway.url, args, { env: { MANIFEED_TOKEN: 'wrong' } })).toMatchObject({ code: 0 });
  });

  it('fails if the hook refuses, ignores or does not exist, or the gateway is away, and says why', async () => {
    const wrong = await run(gateway.url, ['publish', 'a:1'], { env: { MANIFEED_TOKEN: 'wrong' } });
    expect([wrong.code, wrong.out]).toEqual([1, '']);
    expect(wrong.err).toMatch(
      /^manifeed publish: http:\S+ refuses the publication \(401\): the token must be the webhook's, not a/,
    );
    expect(wrong.err).not.toContain('wrong');
    expect(await publish('a:1', '--hook', 'nope')).toMatchObject({
      ...{ code: 1, err: expect.stringContaining('404 NOT_FOUND') },
    });
    expect(await publish('a:1', digest('a'), '--hook', 'dist')).toMatchObject({ code: 1 });
    const away = `http://127.0.0.1:${await freePort()}`;
    expect(await run(away, ['publish', 'a:1'], { env })).toMatchObject({
      ...{ code: 1, err: expect.stringContaining('is the gateway up') },
    });
  });

  it('follows a redirect of its proxy, but never takes its body to another origin', async () => {
    const seen: string[] = [];
    const proxy = createServer((request, response) => {
      seen.push(request.url ?? '');
      const isMoved = request.url?.startsWith('/moved/') === true;
      const path = request.url?.replace(/^\/(?:moved|here)/, '') ?? '';
      response.writeHead(308, { location: isMoved ? `/here${path}` : `${gateway.url}${path}` }).end();
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const address = proxy.address();
    if (address === null || typeof address === 'string') throw new Error('listen: no port');
    const origin = `http://127.0.0.1:${address.port}`;
    const { code, out, err } = await run(`${origin}/moved`, ['publish', 'moved/app:1', digest('a')], { env });
    proxy.close();
    expect([code, out]).toEqual([1, '']);
    expect(err).toBe(
      `manifeed publish: post /v1/hooks/publish: 308 from ${origin} to ${gateway.url}: must stay there, because it has a body: give ${gateway.url} if that is the gateway\n`,
    );
    expect(seen).toEqual(['/moved/v1/hooks/publish', '/here/v1/hooks/publish']);
    expect((await run(gateway.url, ['tags', 'moved/app'])).out).toBe('');
  });

  it('refuses a bad reference by name, with exit code 2', async () => {
    expect(await publish('App:1')).toMatchObject({
      ...{ code: 2, err: expect.stringMatching(/^manifeed publish: REF: "App:1": must be/) },
    });
  });
});
