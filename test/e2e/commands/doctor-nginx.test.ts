// @needs nginx
/** What `manifeed doctor` finds of a real nginx in front of a gateway. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { type Child, startChild } from '../../support/child.ts';
import { freePort } from '../../support/free-port.ts';
import { type GatewayProcess, spawnGateway } from '../../support/gateway.ts';
import { programFile } from '../../support/parts.ts';
import { run } from './support/run.ts';

let gateway: GatewayProcess;
let folder: string;
let nginx: Child | null = null;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'manifeed-nginx-'));
  mkdirSync(join(folder, 'temp'));
  gateway = await spawnGateway({ settings: {} });
});
afterEach(async () => {
  await nginx?.stop('SIGTERM');
  nginx = null;
});
afterAll(async () => {
  await gateway.stop('SIGTERM');
  rmSync(folder, { recursive: true, force: true });
});

/** Starts nginx with these directives in its location. Resolves to its URL once it answers. */
async function startNginx(...directives: readonly string[]): Promise<string> {
  const port = await freePort();
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${join(folder, 'temp', name)};`)
    .join(' ');
  const config = join(folder, 'nginx.conf');
  writeFileSync(
    config,
    `daemon off; master_process off; pid ${join(folder, 'pid')}; error_log stderr crit;
    events {}
    http {
      access_log off; ${temporary}
      server {
        listen 127.0.0.1:${port};
        location / {
          proxy_pass ${gateway.url}; proxy_http_version 1.1; proxy_set_header Host $http_host;
          ${directives.join(' ')}
        }
      }
    }`,
  );
  nginx = startChild(programFile('nginx') ?? '', ['-c', config, '-p', folder, '-e', 'stderr']);
  const url = `http://127.0.0.1:${port}`;
  await nginx.until('an answer', async () => (await fetch(`${url}/healthz`)).ok);
  return url;
}

const passUpgrade = [
  'proxy_set_header Upgrade $http_upgrade;',
  'proxy_set_header Connection $http_connection;',
];

async function levels(url: string) {
  const { code, out } = await run(url, ['doctor']);
  const found = out
    .trim()
    .split('\n')
    .map((line) => line.split('\t'));
  const of = (check: string) => found.find(([, each]) => each === check) ?? [];
  return { code, sse: of('sse'), websocket: of('websocket'), longPoll: of('long-poll') };
}

it('all transports come through an nginx that buffers nothing and passes Upgrade on', async () => {
  const url = await startNginx(...passUpgrade, 'proxy_buffering off;');
  const { code, sse, websocket, longPoll } = await levels(url);
  expect([code, sse[0], websocket[0], longPoll[0]]).toEqual([0, 'ok', 'ok', 'ok']);
});

it('event streams come through an nginx that buffers too, because the gateway tells it not to', async () => {
  const url = await startNginx(...passUpgrade, 'proxy_buffering on;');
  expect((await levels(url)).sse[0]).toBe('ok');
});

it('an nginx that buffers, and does not listen to the gateway, is found', async () => {
  const url = await startNginx(
    ...passUpgrade,
    ...['proxy_buffering on;', 'proxy_ignore_headers X-Accel-Buffering;'],
  );
  const { code, sse, websocket, longPoll } = await levels(url);
  expect([code, sse[0], websocket[0], longPoll[0]]).toEqual([1, 'failed', 'ok', 'ok']);
  expect(sse[3]).toMatch(/for 5 s: something on the way buffers/);
  expect(sse[4]).toContain('proxy_buffering off');
});

it('an nginx that passes no Upgrade on is found', async () => {
  const url = await startNginx('proxy_buffering off;');
  const { code, sse, websocket, longPoll } = await levels(url);
  expect([code, sse[0], websocket[0], longPoll[0]]).toEqual([1, 'ok', 'failed', 'ok']);
  expect(websocket[4]).toContain('pass Upgrade and Connection on');
});
