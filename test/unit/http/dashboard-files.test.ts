import { gunzipSync } from 'node:zlib';
import { afterEach, expect, it } from 'vitest';
import { maxAssets, maxBytes, readDashboard } from '../../../src/http/dashboard/files.ts';
import { type DashboardFolder, dashboardFolder, script } from '../../support/dashboard-folder.ts';

let folder: DashboardFolder;
afterEach(() => folder.remove());

it('readDashboard reads the page, and the assets whose type it knows', async () => {
  folder = dashboardFolder();
  const read = await readDashboard(folder.url);
  if ('missing' in read) throw new Error(read.missing);
  expect(read.page.mediaType).toBe('text/html; charset=utf-8');
  expect([...read.assets].map(([name, { mediaType }]) => [name, mediaType]).toSorted()).toEqual([
    ['icon-c3.svg', 'image/svg+xml; charset=utf-8'],
    ['index-a1.js', 'text/javascript; charset=utf-8'],
    ['index-b2.css', 'text/css; charset=utf-8'],
  ]);
});

it('a file is compressed only for who accepts it, and only if it is worth it; each form has its tag', async () => {
  folder = dashboardFolder();
  const read = await readDashboard(folder.url);
  if ('missing' in read) throw new Error(read.missing);
  const file = read.assets.get('index-a1.js');
  const plain = await file?.representation(false);
  const zipped = await file?.representation(true);
  expect([plain?.bytes.toString(), plain?.isZipped]).toEqual([script, false]);
  expect([gunzipSync(zipped?.bytes ?? '').toString(), zipped?.isZipped]).toEqual([script, true]);
  expect(zipped?.etag).not.toBe(plain?.etag);
  // Once for all.
  expect((await file?.representation(true))?.bytes).toBe(zipped?.bytes);
  expect((await read.assets.get('index-b2.css')?.representation(true))?.isZipped).toBe(false);
});

const many = Array.from({ length: maxAssets + 1 }, (_, n) => [`assets/${n}.js`, ''] as const);
it.each([
  ['nothing', {}, /ENOENT/],
  ['no page', { 'assets/a.js': '' }, /ENOENT.*index\.html/],
  [
    'too many files',
    { 'index.html': '', ...Object.fromEntries(many) },
    /101 files in assets: must be at most 100/,
  ],
  [
    'too many bytes',
    { 'index.html': 'x', 'assets/a.js': 'x'.repeat(maxBytes) },
    /8388609 bytes: must be at most 8388608/,
  ],
])('readDashboard says why there is no dashboard: %s', async (_what, files, why) => {
  folder = dashboardFolder(files);
  expect(await readDashboard(folder.url)).toEqual({ missing: expect.stringMatching(why) });
});
