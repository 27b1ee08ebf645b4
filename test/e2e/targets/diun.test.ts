/** Diun itself as a command: a push to a real registry makes it look, and a failed look-up is a failure. */
// @needs diun docker-registry
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type DockerRegistry, startDockerRegistry } from '../../support/docker-registry.ts';
import { freePort } from '../../support/free-port.ts';
import { programFile } from '../../support/parts.ts';
import { TargetWorld } from '../../support/target-gateway.ts';
import { recipeOf, targetOfRecipe } from '../../support/target-recipes.ts';
import { until } from '../../support/until.ts';

const world = new TargetWorld();
const ends: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  await world.end();
  for (const end of ends.splice(0).reverse()) await end();
});

/** Diun's settings in a folder: it watches these images, and tells this URL. */
async function configured(host: string, images: readonly string[], endpoint: string) {
  const folder = await mkdtemp(join(tmpdir(), 'manifeed-diun-'));
  ends.push(() => rm(folder, { recursive: true, force: true }));
  const [config, list] = [join(folder, 'diun.yml'), join(folder, 'images.yml')];
  const watch = (all: readonly string[]) => writeFile(list, JSON.stringify(all.map((name) => ({ name }))));
  await watch(images);
  // JSON is YAML. `insecureTLS` is plain HTTP too.
  const settings = {
    db: { path: join(folder, 'diun.db') },
    regopts: [{ name: host, selector: 'image', insecureTLS: true, timeout: '5s' }],
    providers: { file: { filename: list } },
    notif: { webhook: { endpoint, method: 'POST', timeout: '5s' } },
  };
  await writeFile(config, JSON.stringify(settings));
  return { config, watch };
}

/** The recipe of docs/targets.md, beside a registry that tells the gateway of pushes. */
async function start(names: readonly string[]) {
  const port = await freePort();
  const host = `127.0.0.1:${port}`;
  const told = await world.sink();
  const { config, watch } = await configured(
    host,
    names.map((name) => `${host}/${name}`),
    told.url,
  );
  const recipe = targetOfRecipe(recipeOf('Diun'), '');
  const command = [programFile('diun'), 'serve', '--config', config];
  const hook = { name: 'registry', kind: 'distribution', registry: host, verify: 'none' };
  const { gateway, shown } = await world.gateway([{ ...recipe, command, repository: [`${host}/team/app`] }], {
    webhooks: [hook],
  });
  const url = `${gateway.url}/v1/hooks/registry`;
  const registry: DockerRegistry = await startDockerRegistry({
    port,
    notifications: [{ name: 'manifeed', url }],
  });
  ends.push(() => registry.close());
  return { host, registry, told, watch, shown: () => shown('diun') };
}

describe('Diun', () => {
  it('is run by a push, and tells of the image that has moved', async () => {
    const { host, registry, told, shown } = await start(['team/app:1.0']);
    await registry.push('team/app', '1.0', 'first');
    await until('the first run', async () => (await shown()).counts.accepted === 1, 30_000);
    expect(told.requests).toEqual([]);
    const { digest } = await registry.push('team/app', '1.0', 'second');
    const [request] = await told.received(1, 30_000);
    const update = { status: 'update', image: `${host}/team/app:1.0`, digest };
    expect(JSON.parse(request?.body ?? '')).toMatchObject(update);
    await until('the second run', async () => (await shown()).counts.accepted === 2, 30_000);
  });

  it('that could not look up an image is run again, though it ends with 0', async () => {
    const { host, registry, watch, shown } = await start(['team/app:1.0', 'team/none:1.0']);
    await registry.push('team/app', '1.0', 'first');
    await until('a failure', async () => (await shown()).lastFailure !== null, 30_000);
    expect((await shown()).lastFailure?.why).toMatch(/^failIf is in the output: .*failed=1/);
    await watch([`${host}/team/app:1.0`]);
    await until('a run without failures', async () => (await shown()).counts.accepted === 1, 30_000);
  });
});
