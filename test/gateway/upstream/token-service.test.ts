import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { RegistryOptions } from '../../../src/source/poll/options.ts';
import { headTag } from '../../../src/upstream/manifest.ts';
import type { RegistryClient } from '../../../src/upstream/registry-client.ts';
import { realmRule } from '../../../src/upstream/token-service.ts';
import { type FakeRegistry, startFakeRegistry } from '../../support/fake-registry.ts';
import { registryClient } from '../../support/registry-client.ts';

const user = { username: 'reader', password: 'open sesame' };
let registry: FakeRegistry;
let neighbour: Server;
let port: number;
/** `Authorization` of each request that the neighbour got. */
let received: (string | undefined)[];
let client: RegistryClient | null;

beforeEach(async () => {
  registry = await startFakeRegistry();
  registry.push('team/app', '1.0', 'one');
  received = [];
  client = null;
  neighbour = createServer((request, response) => {
    received.push(request.headers.authorization);
    response.end('{"token":"t"}');
  });
  neighbour.listen(0, '127.0.0.1');
  await new Promise((resolve) => neighbour.once('listening', resolve));
  port = (neighbour.address() as AddressInfo).port;
});
afterEach(async () => {
  await client?.close();
  await registry.close();
  neighbour.closeAllConnections();
  neighbour.close();
});

function head(realm: string, more: Partial<RegistryOptions> = {}): Promise<unknown> {
  registry.faults.push((request, response) => {
    if (request.headers.authorization === 'Bearer t') return false;
    response.writeHead(401, { 'www-authenticate': `Bearer realm="${realm}",service="x"` }).end();
    return true;
  });
  client = registryClient(registry.host, { ...user, ...more });
  return headTag(client, 'team/app', '1.0');
}

it.each(['127.0.0.1', 'localhost', '[::ffff:127.0.0.1]', '[::ffff:7f00:1]'])(
  'an internal registry may not send the credentials to another internal service: %s',
  async (name) => {
    await expect(head(`http://${name}:${port}/token`)).rejects.toThrow(/registries\[\]\.tokenService/);
    expect(received).toEqual([]);
  },
);

it('redirects into private networks do not allow a private realm', async () => {
  const allowed = { allowPrivateRedirects: true };
  await expect(head(`http://127.0.0.1:${port}/token`, allowed)).rejects.toMatchObject({ reason: 'redirect' });
  expect(received).toEqual([]);
});

it('the credentials go to the token service that the configuration names', async () => {
  const tokenService = `127.0.0.1:${port}`;
  expect(await head(`http://127.0.0.1:${port}/token`, { tokenService })).toMatchObject({ kind: 'found' });
  expect(received).toEqual([expect.stringMatching(/^Basic /)]);
});

it('where the configuration names a token service, no other realm is asked', async () => {
  const tokenService = 'auth.example.com';
  const asking = head(`http://127.0.0.1:${port}/token`, { tokenService });
  await expect(asking).rejects.toThrow(
    `realm 127.0.0.1:${port}: must be auth.example.com, as registries[].tokenService says`,
  );
  expect(received).toEqual([]);
});

it.each([
  ['https://registry.lan/token', 'registry.lan', undefined, 'trusted'],
  ['https://registry.lan:443/token', 'registry.lan', undefined, 'trusted'],
  ['https://registry.lan:8443/token', 'registry.lan', undefined, 'public'],
  ['https://auth.lan/token', 'registry.lan', undefined, 'public'],
  ['https://auth.docker.io/token', 'docker.io', undefined, 'public'],
  ['https://auth.lan/token', 'registry.lan', 'auth.lan', 'trusted'],
  ['https://auth.lan/token', 'registry.lan', 'AUTH.lan:443', 'trusted'],
  ['https://auth.lan:8443/token', 'registry.lan', 'auth.lan:8443', 'trusted'],
  ['https://auth.lan:8443/token', 'registry.lan', 'auth.lan', 'refused'],
  ['https://registry.lan/token', 'registry.lan', 'auth.lan', 'refused'],
])('the realm %s of %s with tokenService %s is %s', (realm, host, tokenService, expected) => {
  const base = new URL(`https://${host === 'docker.io' ? 'registry-1.docker.io' : host}/`);
  expect(realmRule(new URL(realm), { host, base, tokenService })).toBe(expected);
});
