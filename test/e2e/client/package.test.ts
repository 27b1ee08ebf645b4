/** The tarball of the client, and the project that it is installed into. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { publint } from 'publint';
import { afterAll, expect, it } from 'vitest';
import { installClient } from './support/installed.ts';

const installed = installClient();
afterAll(() => installed.remove());

it('has code, types and what people read, and nothing else', () => {
  const { files } = installed;
  expect(files.filter((file) => !file.startsWith('dist/')).sort()).toEqual([
    'LICENSE',
    'README.md',
    'package.json',
  ]);
  expect(files).toEqual(expect.arrayContaining(['dist/index.js', 'dist/index.d.ts', 'dist/node/index.js']));
  expect(files.filter((file) => !/\.(?:js|d\.ts)$/.test(file) && file.startsWith('dist/'))).toEqual([]);
});

it('installs one dependency and no server', () => {
  const packages = readdirSync(join(installed.folder, 'node_modules')).filter(
    (name) => !name.startsWith('.'),
  );
  expect(packages.sort()).toEqual(['eventsource-parser', 'manifeed-client']);
});

it('is clean for publint', async () => {
  const pkgDir = join(installed.folder, 'node_modules/manifeed-client');
  expect(existsSync(join(pkgDir, 'dist/index.js'))).toBe(true);
  expect((await publint({ pkgDir, pack: false, strict: true })).messages).toEqual([]);
});
