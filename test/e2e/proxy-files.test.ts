/** The proxies themselves take `deploy/haproxy.cfg` and `deploy/nginx.conf` as they stand. */
// @needs haproxy nginx
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { programFile } from '../support/parts.ts';

const deploy = (name: string) => new URL(`../../deploy/${name}`, import.meta.url).pathname;

function run(
  program: string,
  ...args: readonly string[]
): { readonly status: number | null; readonly said: string } {
  const { status, stdout, stderr } = spawnSync(programFile(program) ?? '', args, { encoding: 'utf8' });
  return { status, said: `${stdout}${stderr}` };
}

test('HAProxy takes its file', () => {
  const { status, said } = run('haproxy', '-c', '-f', deploy('haproxy.cfg'));
  expect(said).not.toContain('[ALERT]');
  expect(status).toBe(0);
});

test('nginx takes its file, where the names of the gateways are known', () => {
  const folder = mkdtempSync(join(tmpdir(), 'manifeed-nginx-'));
  try {
    const file = join(folder, 'nginx.conf');
    const text = readFileSync(deploy('nginx.conf'), 'utf8')
      .replace(/gateway-\d:/g, '127.0.0.1:')
      // Here these are sockets, which nobody can open.
      .replace(/\/dev\/std(?:out|err)/g, join(folder, 'log'));
    writeFileSync(file, `pid ${folder}/pid;\n${text}`);
    const { status, said } = run('nginx', '-t', '-p', folder, '-e', 'stderr', '-c', file);
    expect(said).not.toContain('[emerg]');
    expect(status).toBe(0);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
