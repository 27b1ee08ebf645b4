// @needs docker-registry skopeo
/** What skopeo, and with it podman and CRI-O, makes of the read API. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { digestOf } from '../../support/docker-registry.ts';
import { programFile } from '../../support/parts.ts';
import { runProgram } from './run-program.ts';
import { fill, World } from './world.ts';

const folder = mkdtempSync(join(tmpdir(), 'manifeed-skopeo-'));
let world: World;

beforeAll(async () => {
  world = await World.start('webhook', 'memory');
  await fill(world);
});
afterAll(async () => {
  await world?.close();
  rmSync(folder, { recursive: true, force: true });
});

function skopeo(args: readonly string[]) {
  return runProgram(programFile('skopeo') ?? 'skopeo', args, { HOME: folder });
}

const at = (rest: string) => `docker://${new URL(world.url).host}${rest}`;

it('inspect --raw gives the bytes of every tag', async () => {
  for (const { repository, tag, digest } of world.allTags) {
    const { output } = await skopeo(['inspect', '--raw', '--tls-verify=false', at(`/${repository}:${tag}`)]);
    expect(digestOf(output), tag).toBe(digest);
  }
});

it('list-tags gives all tags', async () => {
  const { output } = await skopeo(['list-tags', '--tls-verify=false', at(`/${world.written}/team/app`)]);
  expect(JSON.parse(output)).toMatchObject({ Tags: world.tags('team/app').map(({ tag }) => tag) });
});

it('a mirror in registries.conf is asked instead of the registry', async () => {
  const conf = join(folder, 'registries.conf');
  const mirror = `location = "${new URL(world.url).host}/${world.written}"\ninsecure = true`;
  writeFileSync(
    conf,
    `[[registry]]\nlocation = "${world.host}"\ninsecure = true\n[[registry.mirror]]\n${mirror}\n`,
  );
  const [latest] = world.tags('team/app').filter(({ tag }) => tag === 'latest');
  await world.registry.close();
  const reference = `docker://${world.host}/team/app:latest`;
  // The bytes were kept by the first test: the registry is gone, and not asked.
  const { output, errors } = await skopeo(['--registries-conf', conf, 'inspect', '--raw', reference]);
  expect(digestOf(output), errors).toBe(latest?.digest);
});
