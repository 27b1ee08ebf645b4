// @needs docker-registry
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type DockerRegistry, startDockerRegistry } from '../support/docker-registry.ts';

let registry: DockerRegistry;
beforeAll(async () => {
  registry = await startDockerRegistry();
});
afterAll(() => registry.close());

async function headDigest(reference: string): Promise<string | null> {
  const answer = await fetch(`${registry.url}/v2/team/app/manifests/${reference}`, {
    method: 'HEAD',
    headers: {
      accept: 'application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json',
    },
  });
  return answer.status === 200 ? answer.headers.get('docker-content-digest') : null;
}

it('the real registry takes an image, an index over it, and deletes a tag with its digest', async () => {
  const one = await registry.push('team/app', '1.0', 'one');
  expect(await headDigest('1.0')).toBe(one.digest);
  const two = await registry.push('team/app', '1.1', 'two');
  const index = await registry.pushIndex('team/app', 'latest', [one, two]);
  expect(await headDigest('latest')).toBe(index.digest);
  await registry.deleteManifest('team/app', index.digest);
  expect(await headDigest('latest')).toBeNull();
  expect(await headDigest('1.1')).toBe(two.digest);
});
