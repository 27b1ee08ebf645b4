/** What a page has to load. */
import { gzipSync } from 'node:zlib';
import { build } from 'vite';
import { expect, it } from 'vitest';

/** Bytes of the main entry with its dependency, minified and compressed. */
const most = 12_000;

it('everything that the main entry has is at most 12 KB in a page', async () => {
  const entry = new URL('../../../client/src/index.ts', import.meta.url).pathname;
  const built = await build({
    configFile: false,
    logLevel: 'silent',
    build: {
      ...{ write: false, minify: true, target: 'es2022' },
      rolldownOptions: { input: entry, preserveEntrySignatures: 'strict' },
    },
  });
  const output = 'output' in built ? built.output : [];
  const chunks = output.flatMap((chunk) => (chunk.type === 'chunk' ? [chunk.code] : []));
  expect(chunks.length).toBe(1);
  expect(chunks[0]).not.toMatch(/from\s*["']/);
  expect(gzipSync(chunks[0] ?? '', { level: 9 }).length).toBeLessThanOrEqual(most);
});
