/** The tarball of the client, and the project that it is installed into. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { publint } from 'publint';
import { afterAll, expect, it } from 'vitest';
import { installClient } from './support/installed.ts';

/** A program of a user. The last case fails to compile if an event is added that consumers do not know of. */
const program = `
import { ask, type Change, FeedError, type FeedStatus, openFeed } from 'manifeed-client';
import { fileStore } from 'manifeed-client/node';
export async function follow(signal: AbortSignal): Promise<Change[]> {
  const feed = openFeed('https://gateway.example.com', { token: async () => null, store: fileStore('position') });
  feed.on('status', (status: FeedStatus) => (status.state === 'waiting' ? status.why.code : status.state));
  const changes: Change[] = [];
  for await (const event of feed.events({ repository: ['a', 'b'], tag: 'semver:^1' }, { signal })) {
    switch (event.kind) {
      case 'change': changes.push(event.change); break;
      case 'reset': console.log(event.reason.length, event.floor); break;
      case 'state': case 'snapshot': case 'ready': break;
      default: event satisfies never;
    }
  }
  const tags = feed.tags({ repository: 'a' }, { maxRows: 5 });
  for (const [key, { digest }] of tags) console.log(key.length, digest?.length);
  const answer: unknown = await ask('https://gateway.example.com', { path: '/v1/tags' }).catch((error: unknown) =>
    error instanceof FeedError ? error.retryMs : null,
  );
  return answer === null ? [] : changes;
}
`;

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

it.each([
  ['node16', { module: 'node16', moduleResolution: 'node16' }],
  ['bundler', { module: 'esnext', moduleResolution: 'bundler' }],
])('has types for a strict project that resolves as %s does', (name, options) => {
  const file = (end: string) => join(installed.folder, `${name}${end}`);
  const strict = { strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true };
  const compilerOptions = {
    ...{ ...strict, ...options, noEmit: true, types: [], target: 'es2022' },
    lib: ['es2022', 'dom', 'dom.iterable', 'esnext.disposable'],
  };
  writeFileSync(file('.ts'), program);
  writeFileSync(file('.json'), JSON.stringify({ compilerOptions, files: [`${name}.ts`] }));
  const tsc = new URL('../../../node_modules/.bin/tsc', import.meta.url).pathname;
  const { status, stdout, stderr } = spawnSync(tsc, ['-p', file('.json')], { encoding: 'utf8' });
  expect([status, stdout, stderr]).toEqual([0, '', '']);
});
