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
  await expectDiff(world);
  await expectOrphans(world);
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

/** Of the two repositories, and of all below two prefixes of which only one has any. */
async function expectDiff(world: World): Promise<void> {
  const [left, right] = repositories.map((repository) => world.tags(repository));
  const both = (left ?? []).flatMap(({ tag, digest }) => {
    const other = right?.find((one) => one.tag === tag);
    return other === undefined ? [] : [{ repository: '', tag, left: digest, right: other.digest }];
  });
  const only = (side: typeof left) =>
    (side ?? [])
      .filter(({ tag }) => !both.some((one) => one.tag === tag))
      .map(({ tag, digest }) => ({ repository: '', tag, digest }));
  const read = (await pages(world, `/v1/diff?left=${repositories[0]}&right=${repositories[1]}&n=2`)).map(
    ({ body }) => body,
  );
  expect(read.reduce((sum, { equal }) => sum + equal, 0)).toBe(
    both.filter((one) => one.left === one.right).length,
  );
  expect(read.flatMap(({ different }) => different)).toEqual(both.filter((one) => one.left !== one.right));
  expect(read.flatMap(({ onlyLeft }) => onlyLeft)).toEqual(only(left));
  expect(read.flatMap(({ onlyRight }) => onlyRight)).toEqual(only(right));
  // A poll reads whole lists, and so does whoever asks for one under /v2.
  const listed = (await all(world, '/v1/repositories', 'repositories')).map((one) => one.listed);
  const reason = listed.includes(null) ? 'not-listed' : null;
  if (world.way === 'poll') expect(reason).toBeNull();
  expect(new Set(read.map((page) => page.reason))).toEqual(new Set([reason]));
  const { body } = await get(world, '/v1/diff?left=team/&right=nobody/&n=1000');
  expect(body).toMatchObject({ certain: false, reason: 'unknown', equal: 0, different: [], onlyRight: [] });
  expect(body.onlyLeft.map((row) => `team/${nameOf(row)}`)).toEqual(world.allTags.map(nameOf));
}

/** Signatures of what was never pushed, or deleted: a poll hears of tags only, and never that a manifest was deleted. */
async function expectOrphans(world: World): Promise<void> {
  for (const repository of repositories) {
    const held = new Set<string>();
    for (const { type, digest } of world.changes.filter((change) => change.repository === repository)) {
      if (type === 'manifest.deleted') held.delete(digest ?? '');
      else if (digest !== null) held.add(digest);
    }
    const wanted = world.tags(repository).flatMap((one) => {
      const [, hex] = /^sha256-([0-9a-f]{64})/.exec(one.tag) ?? [];
      const subject = `sha256:${hex}`;
      return hex === undefined || held.has(subject) ? [] : [{ ...one, registry: world.host, subject }];
    });
    for (const [query, certain] of [
      ['', false],
      ['&verify=true', true],
    ] as const) {
      const read = await pages(world, `/v1/orphans?repository=${repository}&n=1${query}`);
      expect(read.flatMap(({ body }) => body.orphans)).toMatchObject(wanted);
      expect(read.flatMap(({ body }) => body.orphans)).toHaveLength(wanted.length);
      expect(read.every(({ body }) => body.certain === certain)).toBe(true);
    }
  }
}
