/** What `npm pack` makes of the gateway: it runs from there, and has the client's code, not the client as a dependency. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { publint } from 'publint';
import { afterAll, beforeAll, expect, it } from 'vitest';

const root = new URL('../../..', import.meta.url).pathname;
let folder: string;
let installed: string;

function run(cwd: string, program: string, ...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd, encoding: 'utf8' });
  return { status, stdout, stderr };
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'manifeed-package-'));
  const staging = join(folder, 'staging');
  mkdirSync(staging);
  // A build of its own: tests run side by side.
  for (const name of ['package.json', 'README.md', 'LICENSE', 'docs', 'PROTOCOL.md', 'scripts', 'src'])
    cpSync(join(root, name), join(staging, name), { recursive: true });
  run(
    root,
    join(root, 'node_modules/.bin/tsc'),
    '-p',
    'tsconfig.build.json',
    '--outDir',
    join(staging, 'dist'),
  );
  run(staging, process.execPath, 'scripts/copy-assets.mjs');
  rmSync(join(staging, 'src'), { recursive: true });
  run(folder, 'npm', 'pack', '--ignore-scripts', staging);
  run(folder, 'sh', '-c', 'tar xzf manifeed-*.tgz');
  installed = join(folder, 'package');
  // Beside the package: publint looks at every file in it.
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('the packed gateway runs its commands, with the code of the client inside', () => {
  const { bin, dependencies, version } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'));
  const main = join(installed, bin.manifeed);
  expect(run(folder, process.execPath, main, '--version').stdout).toBe(`${version}\n`);
  const watch = run(folder, process.execPath, main, 'watch', '**', '--timeout', '200ms', '--quiet');
  expect(watch).toEqual({ status: 124, stdout: '', stderr: '' });
  expect(run(folder, process.execPath, main, 'config').status).toBe(0);
  expect(Object.keys(dependencies)).not.toContain('manifeed-client');
  expect(dependencies['eventsource-parser']).toBe(
    JSON.parse(readFileSync(join(root, 'client/package.json'), 'utf8')).dependencies['eventsource-parser'],
  );
}, 60_000);

it('the packed gateway is clean for publint', async () => {
  expect((await publint({ pkgDir: installed, pack: false, strict: true })).messages).toEqual([]);
});
