// @needs docker-registry go
/**
 * The conformance tests of the distribution-spec, their pull and content discovery parts, against the read API in front
 * of a registry that has content. docs/read-api.md says what does not pass, and why.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { buildGoClients } from './go-clients.ts';
import { runProgram } from './run-program.ts';
import { fill, World } from './world.ts';

const folder = mkdtempSync(join(tmpdir(), 'manifeed-conformance-'));
let world: World;

beforeAll(async () => {
  await buildGoClients(folder);
  world = await World.start('webhook', 'memory');
  await fill(world);
}, 600_000);
afterAll(async () => {
  await world?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Reads only, and what was pushed before. */
function settings(): Readonly<Record<string, string>> {
  const tags = world.tags('team/app');
  const off = ['PUSH', 'BLOBS_DELETE', 'MANIFESTS_DELETE', 'TAGS_DELETE'].map((api) => [
    `OCI_API_${api}`,
    'false',
  ]);
  return {
    ...Object.fromEntries(off),
    OCI_VERSION: '1.1',
    OCI_REGISTRY: new URL(world.url).host,
    OCI_TLS: 'disabled',
    OCI_REPO1: 'team/app',
    OCI_RESULTS_DIR: join(folder, 'results'),
    OCI_RO_DATA_TAGS: tags.map(({ tag }) => tag).join(' '),
    OCI_RO_DATA_MANIFESTS: [...new Set(tags.map(({ digest }) => digest))].join(' '),
    OCI_RO_DATA_REFERRERS: tags[0]?.digest ?? '',
  };
}

it('all tests that read manifests and tags pass; of referrers, which are not served, none does', async () => {
  // Its report on stdout is whole, also where the program then fails to write its files.
  const { output } = await runProgram(join(folder, 'conformance'), [], settings());
  const results = [...output.matchAll(/^ *OCI Conformance Test\/(.+): (\w+)$/gm)];
  const ran = results.filter(([, , result]) => result !== 'Disabled');
  const failed = ran.filter(([, , result]) => result !== 'Pass').map(([, name]) => name);
  // A group fails with a member.
  expect(failed).toEqual(['empty', 'empty/referrers', 'read-only', 'read-only/referrers']);
  const passed = new Set(ran.filter(([, , result]) => result === 'Pass').map(([, name]) => name));
  expect([...passed]).toEqual([
    'ping',
    'empty/tag list',
    'read-only/tag-list',
    ...['head', 'head/manifest-head-by-tag', 'head/manifest-head-by-digest'].map(
      (name) => `read-only/${name}`,
    ),
    ...['pull', 'pull/manifest-by-tag', 'pull/manifest-by-digest'].map((name) => `read-only/${name}`),
    ...['missing-manifest', 'missing-manifest/by-digest', 'missing-manifest/by-tag'],
    ...['invalid-digest-format', 'invalid-digest-format/manifest-get'],
  ]);
});
