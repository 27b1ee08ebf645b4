/** A token has the scopes that the registry's challenge names (distribution-spec, "token authentication"). */
import { afterEach, expect, it } from 'vitest';
import { generic } from '../../../src/source/poll/listers/generic.ts';
import { listBounds } from '../../../src/source/poll/listers/lister.ts';
import { headTag } from '../../../src/upstream/manifest.ts';
import type { RegistryClient } from '../../../src/upstream/registry-client.ts';
import { type FakeRegistry, startFakeRegistry } from '../../support/fake-registry.ts';
import { registryClient } from '../../support/registry-client.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

type ScopeFor = NonNullable<Parameters<typeof startFakeRegistry>[0]>['scopeFor'];

async function world(scopeFor: ScopeFor): Promise<{ registry: FakeRegistry; client: RegistryClient }> {
  const registry = await startFakeRegistry({ bearer: true, ...(scopeFor && { scopeFor }) });
  for (const name of ['team/app', 'team/other']) registry.push(name, '1.0', name);
  const client = registryClient(registry.host);
  open.push(registry, client);
  return { registry, client };
}

/** The scopes of each token request. */
const asked = ({ log, url: base }: FakeRegistry) =>
  log
    .filter(({ url }) => url.startsWith('/token'))
    .map(({ url }) => new URL(url, base).searchParams.getAll('scope'));

it.each([
  ['of a proxy that puts a path before the name', 'repository:remote/team/app:pull'],
  ['that names no repository', 'aws'],
  ['several', 'repository:team/app:pull repository:base/app:pull'],
])('a token gets the scope that the challenge names: %s', async (_what, scope) => {
  const { registry, client } = await world(() => scope);
  expect(await headTag(client, 'team/app', '1.0')).toMatchObject({ kind: 'found' });
  expect(await headTag(client, 'team/app', '1.0')).toMatchObject({ kind: 'found' });
  expect(asked(registry)).toEqual([scope.split(' ')]);
});

it('a challenge without a scope gets the usual one', async () => {
  const { registry, client } = await world(() => null);
  expect(await headTag(client, 'team/app', '1.0')).toMatchObject({ kind: 'found' });
  expect(asked(registry)).toEqual([['repository:team/app:pull']]);
});

it('no repository uses the token or the scope of another one', async () => {
  const { registry, client } = await world((repository) => `repository:remote/${repository}:pull`);
  await headTag(client, 'team/app', '1.0');
  expect(await headTag(client, 'team/other', '1.0')).toMatchObject({ kind: 'found' });
  expect(await headTag(client, 'team/app', '1.0')).toMatchObject({ kind: 'found' });
  expect(asked(registry)).toEqual([
    ['repository:remote/team/app:pull'],
    ['repository:remote/team/other:pull'],
  ]);
  const sent = registry.log.filter(({ url }) => url.includes('/team/other/'));
  expect(sent.map(({ authorization }) => authorization?.slice(-34) ?? null)).toEqual([
    null,
    '-repository:remote/team/other:pull',
  ]);
});

it('a repository whose lists need another scope than its manifests soon has one token for both', async () => {
  const { registry, client } = await world((repository, { url = '' }) =>
    url.includes('/tags/') ? `repository:${repository}:metadata_read` : `repository:${repository}:pull`,
  );
  for (let round = 0; round < 5; round += 1) {
    const listing = await generic.list({ client, repository: 'team/app', since: null, bounds: listBounds });
    expect(listing.rows.size).toBe(1);
    expect(await headTag(client, 'team/app', '1.0')).toMatchObject({ kind: 'found' });
  }
  expect(asked(registry)).toEqual([
    ['repository:team/app:metadata_read'],
    ['repository:team/app:metadata_read', 'repository:team/app:pull'],
  ]);
});

it('a token service that refuses the usual scope is asked for the one that the registry names', async () => {
  const { registry, client } = await world((repository) =>
    repository === 'team/app' ? `repository:${repository}:pull` : `repository:remote/${repository}:pull`,
  );
  registry.faults.push((_request, response, url) => {
    if (url.searchParams.get('scope') !== 'repository:team/other:pull') return false;
    response.writeHead(403).end();
    return true;
  });
  expect(await headTag(client, 'team/app', '1.0')).toMatchObject({ kind: 'found' });
  // After the first repository the usual scope is a good guess.
  await expect(headTag(client, 'team/other', '1.0')).rejects.toMatchObject({ reason: 'denied' });
  expect(await headTag(client, 'team/app', '1.0')).toMatchObject({ kind: 'found' });
  expect(await headTag(client, 'team/other', '1.0')).toMatchObject({ kind: 'found' });
});

it('a registry whose challenge changes at each answer costs three requests a look', async () => {
  let n = 0;
  const { registry, client } = await world(() => `repository:x${n++}:pull`);
  for (let round = 1; round <= 5; round += 1) {
    await expect(headTag(client, 'team/app', '1.0')).rejects.toMatchObject({ reason: 'denied' });
    expect(registry.log.length).toBeLessThanOrEqual(round * 3);
  }
  expect(Math.max(...asked(registry).map((scopes) => scopes.length))).toBeLessThanOrEqual(8);
});
