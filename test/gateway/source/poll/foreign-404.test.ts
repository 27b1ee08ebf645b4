/** A proxy whose registry is away answers 404, and says nothing about tags. */
import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Digest } from '../../../../src/event/digest.ts';
import { getManifest, headTag } from '../../../../src/upstream/manifest.ts';
import type { RegistryClient } from '../../../../src/upstream/registry-client.ts';
import {
  type FakeRegistry,
  type FakeRegistryOptions,
  startFakeRegistry,
} from '../../../support/fake-registry.ts';
import { type Rig, registryOf, rig } from '../../../support/poll-rig.ts';
import { registryClient } from '../../../support/registry-client.ts';

let registry: FakeRegistry;
let running: Rig | undefined;
let client: RegistryClient;
beforeEach(() => begin());
async function begin(options: FakeRegistryOptions = {}): Promise<void> {
  registry = await startFakeRegistry(options);
  for (const tag of ['1.0', '1.1', '1.2']) registry.push('team/app', tag, tag);
  client = registryClient(registry.host);
}
afterEach(end);
async function end(): Promise<void> {
  await running?.close();
  running = undefined;
  await client.close();
  await registry.close();
}

function answer(part: string, respond: (response: ServerResponse) => void): void {
  registry.faults.push((_request, response, url) => {
    if (!url.pathname.includes(part)) return false;
    respond(response);
    return true;
  });
}

const foreign: readonly (readonly [string, (response: ServerResponse) => void])[] = [
  [
    'Traefik',
    (response) => response.writeHead(404, { 'content-type': 'text/plain' }).end('404 page not found\n'),
  ],
  ['nginx', (response) => response.writeHead(404, { 'content-type': 'text/html' }).end('<html>404</html>')],
  [
    'Kong',
    (response) =>
      response.writeHead(404, { 'content-type': 'application/json' }).end('{"message":"no Route"}'),
  ],
  ['nobody', (response) => response.writeHead(404).end()],
];

it.each(
  foreign.flatMap(([name, respond]) => [['*'], ['1.0', '1.1']].map((tags) => [name, tags, respond] as const)),
)('no tag is gone because %s answers 404 for its registry, with %j watched', async (_name, tags, respond) => {
  running = await rig({
    registries: [registryOf(registry.host)],
    watch: [{ repository: `${registry.host}/team/app`, tags }],
  });
  const { poller, until, observations, changes } = running;
  await poller.start();
  await until(() => observations.some(({ kind }) => kind === 'baseline'));
  answer('/v2/', respond);
  // Long enough for a second look to confirm a loss.
  const asked = registry.log.length;
  await registry.reached('HEAD manifests', registry.count('HEAD manifests') + (tags[0] === '*' ? 0 : 8));
  await registry.reached('GET tags', registry.count('GET tags') + (tags[0] === '*' ? 6 : 0));
  expect(registry.log.length).toBeGreaterThan(asked);
  registry.faults.length = 0;
  const { digest } = registry.push('team/app', '1.0', 'moved');
  await until(() => changes.length > 0);
  expect(changes).toMatchObject([{ type: 'tag.updated', tag: '1.0', digest }]);
  expect(observations.filter(({ kind }) => kind === 'tag-gone')).toEqual([]);
});

it('the error says that a proxy may have answered', async () => {
  answer('/v2/', (response) => response.writeHead(404).end());
  await expect(headTag(client, 'team/app', '1.0')).rejects.toThrow(
    'status 404 without an error of a registry: must be its own: is it up, or does a proxy answer for it?',
  );
  const digest = registry.digestOf('team/app', '1.0') as Digest;
  await expect(getManifest(client, 'team/app', digest)).rejects.toMatchObject({ reason: 'invalid' });
});

it('a tag is gone after the 404 of a registry: its header, or its error in the body', async () => {
  expect(await headTag(client, 'team/app', 'none')).toMatchObject({ kind: 'gone' });
  expect(registry.count('GET manifests')).toBe(0);
  answer('/v2/', (response) => response.writeHead(404).end('{"errors":[{"code":"MANIFEST_UNKNOWN"}]}'));
  expect(await headTag(client, 'team/app', '1.0')).toMatchObject({ kind: 'gone' });
  expect(registry.count('GET manifests')).toBe(1);
  const digest = registry.digestOf('team/app', '1.0') as Digest;
  expect(await getManifest(client, 'team/app', digest)).toBeNull();
});

it('a 404 without either counts if the registry answers /v2/', async () => {
  answer('/manifests/', (response) => response.writeHead(404).end());
  expect(await headTag(client, 'team/app', '1.0')).toMatchObject({ kind: 'gone' });
  expect(registry.count('GET manifests')).toBe(1);
});

it('a 404 without either counts at once if the good answers of the registry have no such header', async () => {
  await end();
  await begin({ withoutVersion: true });
  expect(await headTag(client, 'team/app', '1.0')).toMatchObject({ kind: 'found' });
  answer('/v2/', (response) => response.writeHead(404).end());
  expect(await headTag(client, 'team/app', '1.0')).toMatchObject({ kind: 'gone' });
  expect([registry.count('GET manifests'), registry.count('GET other')]).toEqual([0, 0]);
});

it('a 404 without either counts if the registry asks for credentials at /v2/', async () => {
  answer('/manifests/', (response) => response.writeHead(404).end());
  registry.faults.push((_request, response, url) => {
    if (url.pathname !== '/v2/') return false;
    response.writeHead(401, { 'www-authenticate': 'Basic realm="r"' }).end();
    return true;
  });
  expect(await headTag(client, 'team/app', '1.0')).toMatchObject({ kind: 'gone' });
});

it.each([404, 405, 501])('a registry that answers a HEAD with %i is asked by GET', async (status) => {
  registry.faults.push(({ method }, response) => {
    if (method !== 'HEAD') return false;
    response.writeHead(status).end();
    return true;
  });
  const digest = registry.digestOf('team/app', '1.0');
  expect(await headTag(client, 'team/app', '1.0')).toMatchObject({ kind: 'found', digest });
});
