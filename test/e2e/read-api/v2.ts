/** What the registry read API must give of a world: the same as the registry itself, in all its shapes. */
import { expect } from 'vitest';
import { digestOf, ociIndex } from '../../support/docker-registry.ts';
import { repositories, type Tagged, type World } from './world.ts';

export async function expectReadApi(world: World): Promise<void> {
  await expectPing(world);
  for (const repository of repositories) {
    for (const tagged of world.tags(repository)) await expectManifest(world, tagged);
    await expectTagList(world, repository);
    await expectDescribedList(world, repository);
    await expectTagTypes(world, repository);
    await expectGoogleList(world, repository);
  }
  await expectDigests(world);
  await expectUnknown(world);
  await expectHistories(world);
  await expectRepositoryLists(world);
}

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Buffer;
  readonly json: () => unknown;
}

async function ask(world: World, path: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(world.url + path, init);
  const bytes = Buffer.from(await response.arrayBuffer());
  return { status: response.status, headers: response.headers, bytes, json: () => JSON.parse(String(bytes)) };
}

async function json(world: World, path: string, init: RequestInit = {}): Promise<unknown> {
  const answer = await ask(world, path, init);
  expect(answer.status, path).toBe(200);
  return answer.json();
}

async function expectPing(world: World): Promise<void> {
  const answer = await ask(world, '/v2/');
  expect([answer.status, String(answer.bytes)]).toEqual([200, '{}']);
  expect(answer.headers.get('docker-distribution-api-version')).toBe('registry/2.0');
}

/** The four ways in which a request names a repository. */
function pathsOf(world: World, repository: string, rest: string): readonly string[] {
  const { written } = world;
  return [
    `/v2/${repository}/${rest}`,
    `/v2/${written}/${repository}/${rest}`,
    `/${written}/v2/${repository}/${rest}`,
    `/v2/${repository}/${rest}?ns=${world.host}`,
  ];
}

async function expectManifest(world: World, { repository, tag, digest, mediaType, size }: Tagged) {
  for (const path of pathsOf(world, repository, `manifests/${tag}`)) {
    const head = await ask(world, path, { method: 'HEAD' });
    expect([head.status, head.headers.get('docker-content-digest')], path).toEqual([200, digest]);
    expect(head.headers.get('content-type'), path).toBe(mediaType);
    expect(head.headers.get('content-length'), path).toBe(String(size));
  }
  const body = await ask(world, `/v2/${repository}/manifests/${tag}`);
  expect([body.status, body.headers.get('docker-content-digest')], tag).toEqual([200, digest]);
  expect(digestOf(body.bytes), tag).toBe(digest);
  const headers = { 'if-none-match': `"${digest}"` };
  expect((await ask(world, `/v2/${repository}/manifests/${tag}`, { headers })).status).toBe(304);
}

/**
 * By digest: what is there in its repository, and in no other. What was deleted is gone, if the gateway was told: a poll
 * sees that tags are gone, which a manifest may outlive.
 */
async function expectDigests(world: World): Promise<void> {
  const digests = new Set(
    world.changes.flatMap(({ digest, previousDigest }) => digest ?? previousDigest ?? []),
  );
  for (const repository of repositories) {
    for (const digest of digests) {
      const answer = await ask(world, `/v2/${repository}/manifests/${digest}`);
      const name = `${repository}@${digest}`;
      const found = answer.status === 200 ? digestOf(answer.bytes) : answer.status;
      const wasHere = world.changes.some((one) => one.repository === repository && one.digest === digest);
      const isServed = world.manifests.has(name) || (world.way === 'poll' && wasHere);
      expect(found, name).toBe(isServed ? digest : 404);
    }
  }
}

async function expectUnknown(world: World): Promise<void> {
  const gone = world.changes.filter(({ repository, tag }) => {
    return tag !== null && !world.allTags.some((one) => one.repository === repository && one.tag === tag);
  });
  for (const { repository, tag } of [...gone, { repository: 'team/app', tag: 'never' }]) {
    const answer = await ask(world, `/v2/${repository}/manifests/${tag}`);
    expect([answer.status, codeOf(answer)], tag ?? '').toEqual([404, 'MANIFEST_UNKNOWN']);
  }
  const never = await ask(world, '/v2/team/never/tags/list');
  expect([never.status, codeOf(never)]).toEqual([404, 'NAME_UNKNOWN']);
  const referrers = await ask(world, `/v2/team/app/referrers/sha256:${'0'.repeat(64)}`);
  expect([referrers.status, codeOf(referrers)]).toEqual([404, 'UNSUPPORTED']);
}

function codeOf(answer: Answer): string | undefined {
  return /"code":"([A-Z_]+)"/.exec(String(answer.bytes))?.[1];
}

async function expectTagList(world: World, repository: string): Promise<void> {
  const tags = world.tags(repository).map(({ tag }) => tag);
  for (const path of pathsOf(world, repository, 'tags/list'))
    expect(await json(world, path), path).toMatchObject({ tags });
  const paged: string[] = [];
  for (let path: string | null = `/v2/${repository}/tags/list?n=2`; path !== null; ) {
    const answer = await ask(world, path);
    paged.push(...(answer.json() as { readonly tags: readonly string[] }).tags);
    path = nextOf(answer);
  }
  expect(paged).toEqual(tags);
  const last = tags[1] ?? '';
  expect(await json(world, `/v2/${repository}/tags/list?last=${last}`)).toMatchObject({
    tags: tags.slice(2),
  });
}

function nextOf(answer: Answer): string | null {
  return /^<([^>]+)>; rel="next"$/.exec(answer.headers.get('link') ?? '')?.[1] ?? null;
}

interface Index {
  readonly manifests: readonly {
    readonly digest: string;
    readonly annotations: Readonly<Record<string, string>>;
  }[];
}

async function expectDescribedList(world: World, repository: string): Promise<void> {
  const headers = { accept: ociIndex };
  const path = `/v2/${repository}/tags/list?sort_by=created_at&sort_order=asc`;
  const answer = await ask(world, path, { headers });
  expect(answer.headers.get('content-type')).toBe(ociIndex);
  const { manifests } = answer.json() as Index;
  const byTag = new Map(manifests.map((one) => [one.annotations['org.opencontainers.image.ref.name'], one]));
  expect(byTag.size).toBe(manifests.length);
  const wanted = world
    .tags(repository)
    .map(({ tag, digest, mediaType, size }) => [tag, { digest, mediaType, size }]);
  expect(Object.fromEntries(byTag)).toMatchObject(Object.fromEntries(wanted));
  expect(manifests).toHaveLength(wanted.length);
  const times = manifests.map(({ annotations }) => annotations['org.opencontainers.image.ref.created'] ?? '');
  expect(times).toEqual([...times].sort());
}

async function expectTagTypes(world: World, repository: string): Promise<void> {
  const tags = world.tags(repository).map(({ tag }) => tag);
  const isDigest = (tag: string) => tag.startsWith('sha256-');
  const list = `/v2/${repository}/tags/list?tagType=`;
  expect(await json(world, `${list}digest`)).toMatchObject({ tags: tags.filter(isDigest) });
  expect(await json(world, `${list}real`)).toMatchObject({ tags: tags.filter((tag) => !isDigest(tag)) });
}

async function expectGoogleList(world: World, repository: string): Promise<void> {
  const list = await json(world, `/v2/${repository}/tags/list?manifest=true`);
  const { manifest } = list as {
    readonly manifest: Readonly<Record<string, { readonly tag: readonly string[] }>>;
  };
  const told = Object.entries(manifest).flatMap(([digest, { tag }]) =>
    tag.map((each) => `${each} ${digest}`),
  );
  expect(told.sort()).toEqual(
    world
      .tags(repository)
      .map(({ tag, digest }) => `${tag} ${digest}`)
      .sort(),
  );
}

/** #606 newest first, Chainguard's oldest first: of every tag that ever was. */
async function expectHistories(world: World): Promise<void> {
  const ofTags = world.changes.filter(({ tag }) => tag !== null);
  const names = new Set(ofTags.map(({ repository, tag }) => `${repository} ${tag}`));
  for (const name of names) {
    const [repository = '', tag = ''] = name.split(' ');
    const changes = world.changes.filter((one) => one.repository === repository && one.tag === tag);
    const events = changes.map(({ digest, previousDigest }) => {
      return digest === null ? `deleted ${previousDigest}` : `created ${digest}`;
    });
    const history = (await json(world, `/v2/${repository}/_oci/tag-history/${tag}`)) as Index;
    const told = history.manifests.map(({ digest, annotations }) => {
      return `${annotations['org.opencontainers.distribution.tag.event']} ${digest}`;
    });
    expect(told, name).toEqual(events.toReversed());
    const digests = changes.flatMap(({ digest }) => digest ?? []);
    const other = await json(world, `/v2/${repository}/_chainguard/history/${tag}`);
    expect(other, name).toMatchObject({ history: digests.map((digest) => ({ digest })) });
  }
  expect(await json(world, '/v2/team/never/_oci/tag-history/never')).toMatchObject({ manifests: [] });
}

/** Names as a client would write them after the same base. */
async function expectRepositoryLists(world: World): Promise<void> {
  const { written } = world;
  for (const [base, prefix] of [
    ['/v2', `${written}/`],
    [`/${written}/v2`, ''],
  ]) {
    const names = repositories.map((name) => `${prefix}${name}`);
    const rows = names.map((name) => ({ name }));
    expect(await json(world, `${base}/_catalog`)).toEqual({ repositories: names });
    expect(await json(world, `${base}/_oci/repositories`)).toEqual(rows);
    expect(await json(world, `${base}/${prefix}team/_oci/repositories`)).toEqual(rows);
    expect(await json(world, `${base}/${prefix}team/app/_oci/repositories`)).toEqual(rows.slice(0, 1));
  }
  const { extensions } = (await json(world, '/v2/_oci/ext/discover')) as {
    readonly extensions: readonly { readonly endpoints: readonly string[] }[];
  };
  expect(extensions.flatMap(({ endpoints }) => endpoints)).toContain('_oci/tag-history');
}
