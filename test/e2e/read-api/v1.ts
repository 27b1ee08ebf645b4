/** What the endpoints of `/v1` must give of a world. */
import { expect } from 'vitest';
import { readFeed } from '../../support/feed-reader.ts';
import { get, type IndexBody, pages, post } from '../../support/index-client.ts';
import type { WireChange } from '../../support/stream-client.ts';
import { repositories, type World } from './world.ts';

export async function expectOwnEndpoints(world: World): Promise<void> {
  await expectTags(world);
  await expectTagsAtDigests(world);
  await expectChanges(world);
  await expectFeeds(world);
  await expectRepositories(world);
  await expectCheck(world);
}

async function all<L extends 'tags' | 'changes' | 'repositories'>(world: World, path: string, list: L) {
  return (await pages(world, path)).flatMap(({ body }): IndexBody[L][number][] => [...body[list]]);
}

async function expectTags(world: World): Promise<void> {
  const told = await all(world, '/v1/tags?n=2', 'tags');
  const wanted = world.allTags.map((one) => ({ registry: world.host, ...one }));
  expect(told).toMatchObject(wanted);
  expect(told).toHaveLength(wanted.length);
  const byMove = await all(world, '/v1/tags?sort=updated&order=desc', 'tags');
  // Changes are recorded in this order; the newest of each tag counts.
  const order = [...new Set([...world.changes].reverse().map(nameOf))];
  const present = new Set(world.allTags.map(nameOf));
  expect(byMove.map(nameOf)).toEqual(order.filter((name) => present.has(name)));
  const newest = await get(world, '/v1/tags?repository=team/app&tag=semver:^1&sort=semver&order=desc&n=1');
  expect(newest.body.tags.map(({ tag }) => tag)).toEqual([newestVersion(world)]);
}

function newestVersion(world: World): string | undefined {
  const versions = world.tags('team/app').map(({ tag }) => tag);
  return versions.filter((tag) => /^\d+\.\d+\.\d+$/.test(tag)).at(-1);
}

const nameOf = ({ repository, tag }: { readonly repository: string; readonly tag: string | null }) =>
  `${repository}:${tag}`;

async function expectTagsAtDigests(world: World): Promise<void> {
  for (const digest of new Set(world.changes.flatMap(({ digest }) => digest ?? []))) {
    const told = await all(world, `/v1/tags?digest=${digest}`, 'tags');
    expect(told.map(nameOf), digest).toEqual(
      world.allTags.filter((one) => one.digest === digest).map(nameOf),
    );
  }
}

async function expectChanges(world: World): Promise<void> {
  const newestFirst = [...world.changes].reverse();
  expect(await all(world, '/v1/changes?type=*&n=3', 'changes')).toEqual(newestFirst);
  for (const repository of repositories)
    expect(await all(world, `/v1/changes?type=*&repository=${repository}`, 'changes')).toEqual(
      newestFirst.filter((change) => change.repository === repository),
    );
  const isLatest = (change: WireChange) => change.repository === 'team/app' && change.tag === 'latest';
  expect(await all(world, '/v1/changes?repository=team/app&tag=latest', 'changes')).toEqual(
    newestFirst.filter(isLatest),
  );
}

/** Every change is in each feed under the same id, and its item links to it. */
async function expectFeeds(world: World): Promise<void> {
  const newestFirst = [...world.changes].reverse();
  const ids = new Set<string>();
  for (const name of ['atom', 'rss', 'json'] as const) {
    const ask = (headers: Record<string, string>) =>
      fetch(`${world.url}/v1/feed.${name}?type=*&n=1000`, { headers });
    const answer = await ask({});
    const { items } = readFeed(name, await answer.text());
    expect(items).toHaveLength(newestFirst.length);
    for (const { id } of items) ids.add(id);
    for (const [at, { url, html }] of items.entries()) {
      const change = newestFirst[at];
      const linked = await get({ url: '' }, url);
      expect(linked.body.changes).toEqual([change]);
      expect(html).toContain(change?.digest ?? change?.previousDigest ?? change?.repository);
    }
    expect((await ask({ 'if-none-match': answer.headers.get('etag') ?? '' })).status).toBe(304);
  }
  expect(ids.size).toBe(newestFirst.length);
}

async function expectRepositories(world: World): Promise<void> {
  const told = await all(world, '/v1/repositories', 'repositories');
  const wanted = repositories.map((repository) => {
    const lastChange = world.changes.filter((change) => change.repository === repository).at(-1);
    return { registry: world.host, repository, tags: world.tags(repository).length, lastChange };
  });
  expect(told).toMatchObject(wanted);
  expect(told).toHaveLength(wanted.length);
}

/** Of every tag with what it points at, and with another digest; and of a range. */
async function expectCheck(world: World): Promise<void> {
  const other = `sha256:${'f'.repeat(64)}`;
  const images = world.allTags.flatMap(({ repository, tag, digest }) =>
    [digest, other].map((digest) => ({ image: `${world.host}/${repository}:${tag}`, digest })),
  );
  const wanted = world.allTags.flatMap(({ digest }) => [false, true].map((moved) => ({ digest, moved })));
  const answer = await post(world, '/v1/check', { images });
  expect(answer.body.images).toMatchObject(wanted);
  const ranged = await get(world, `/v1/check?image=${world.host}/team/app:1.0.1&range=^1`);
  const tag = newestVersion(world);
  const digest = world.tags('team/app').find((one) => one.tag === tag)?.digest;
  expect(ranged.body.images).toMatchObject([{ newest: { tag, digest } }]);
}
