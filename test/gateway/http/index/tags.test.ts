/** `GET /v1/tags`, `/v1/changes` and `/v1/repositories`, asked over HTTP. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { digest, type Gateway, startGateway } from '../../../support/gateway.ts';
import { get, type Page, pages } from '../../../support/index-client.ts';

let gateway: Gateway;
beforeEach(async () => {
  gateway = await startGateway();
});
afterEach(() => gateway.close());

const push = (reference: string, word: string) => ({ reference, digest: digest(word) });
const namesOf = (page: Page) => page.body.tags.map(({ repository, tag }) => `${repository}:${tag}`);

async function fill(): Promise<void> {
  await gateway.publish(
    push('nginx:1.26.2', 'old'),
    push('nginx:1.27.0', 'zero'),
    push('nginx:latest', 'zero'),
  );
  await gateway.publish(push('nginx:1.27.10', 'ten'), push('nginx:1.27.9-alpine', 'alpine'));
  await gateway.publish(push('ghcr.io/team/app:1.0', 'zero'), push('ghcr.io/team-b/app:1.0', 'b'));
  await gateway.publish(push('nginx:latest', 'ten'));
}

describe('GET /v1/tags', () => {
  it('answers state rows, as a snapshot has them', async () => {
    await gateway.publish({ ...push('nginx:1.27', 'a') });
    const { status, headers, body } = await get(gateway, '/v1/tags');
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('link')).toBeNull();
    expect(body).toEqual({
      tags: [
        {
          registry: 'docker.io',
          repository: 'library/nginx',
          tag: '1.27',
          digest: digest('a'),
          mediaType: null,
          size: null,
          firstSeenAt: expect.stringMatching(/^\d{4}-.*Z$/),
          updatedAt: expect.stringMatching(/^\d{4}-.*Z$/),
        },
      ],
      next: null,
    });
  });

  it('takes nginx and library/nginx for one, with and without the host', async () => {
    await fill();
    const asked = ['nginx', 'library/nginx', 'docker.io/nginx', 'index.docker.io/library/nginx'];
    const answers = await Promise.all(asked.map((name) => get(gateway, `/v1/tags?repository=${name}`)));
    expect(answers.map(namesOf)).toEqual(answers.map(() => namesOf(answers[0] as Page)));
    expect(answers[0]?.body.tags).toHaveLength(5);
  });

  it('selects by repositories and tags as a subscription does', async () => {
    await fill();
    const of = async (query: string) => namesOf(await get(gateway, `/v1/tags?${query}`));
    expect(await of('repository=ghcr.io/team/**')).toEqual(['team/app:1.0']);
    expect(await of('repository=ghcr.io/**&tag=1.*')).toEqual(['team-b/app:1.0', 'team/app:1.0']);
    expect(await of('repository=nginx&tag=1.27.*&tag=latest')).toEqual([
      'library/nginx:1.27.0',
      'library/nginx:1.27.10',
      'library/nginx:1.27.9-alpine',
      'library/nginx:latest',
    ]);
    expect(await of('repository=nginx&tag=latest&tag=none')).toEqual(['library/nginx:latest']);
  });

  it('answers the newest tag in a range', async () => {
    await fill();
    const newest = await get(
      gateway,
      `/v1/tags?repository=nginx&tag=${encodeURIComponent('semver:^1.26')}&sort=semver&order=desc&n=1`,
    );
    expect(namesOf(newest)).toEqual(['library/nginx:1.27.10']);
    expect(newest.body.next).not.toBeNull();
  });

  it('sorts by version, by name and by the last move, in both directions', async () => {
    await fill();
    const of = async (sort: string) => {
      const found = await get(gateway, `/v1/tags?repository=nginx&${sort}`);
      return found.body.tags.map(({ tag }) => tag).join(' ');
    };
    expect(await of('sort=semver')).toBe('latest 1.26.2 1.27.0 1.27.9-alpine 1.27.10');
    expect(await of('sort=semver&order=desc')).toBe('1.27.10 1.27.9-alpine 1.27.0 1.26.2 latest');
    expect(await of('order=desc')).toBe('latest 1.27.9-alpine 1.27.10 1.27.0 1.26.2');
    expect((await of('sort=updated&order=desc')).split(' ')[0]).toBe('latest');
  });

  it('tells what points at a digest, in every repository', async () => {
    await fill();
    const at = await get(gateway, `/v1/tags?digest=${digest('zero')}`);
    expect(namesOf(at)).toEqual(['library/nginx:1.27.0', 'team/app:1.0']);
    const moved = await get(gateway, `/v1/tags?digest=${digest('ten')}&sort=updated&order=desc`);
    expect(namesOf(moved)).toEqual(['library/nginx:latest', 'library/nginx:1.27.10']);
  });

  it('forgets a deleted tag', async () => {
    await fill();
    await gateway.publish({ reference: 'nginx:latest', action: 'delete' });
    expect(namesOf(await get(gateway, '/v1/tags?repository=nginx&tag=latest'))).toEqual([]);
  });

  it.each([
    '',
    'sort=updated&order=desc',
    'repository=nginx&sort=semver',
    'repository=nginx&tag=1.*&sort=semver&order=desc',
  ])('pages through everything once by Link: %s', async (query) => {
    await fill();
    const whole = namesOf(await get(gateway, `/v1/tags?${query}`));
    const read = await pages(gateway, `/v1/tags?${query}&n=2`);
    expect(read.flatMap(namesOf)).toEqual(whole);
    expect(read.length).toBe(Math.ceil(whole.length / 2));
  });

  it('answers HEAD without a body', async () => {
    await fill();
    const response = await fetch(`${gateway.url}/v1/tags?n=1`, { method: 'HEAD' });
    expect([response.status, await response.text()]).toEqual([200, '']);
    expect(response.headers.get('link')).toMatch(/^<\/v1\/tags\?n=1&cursor=[\w-]+>; rel="next"$/);
  });
});

describe('GET /v1/changes', () => {
  const kinds = (page: Page) => page.body.changes.map(({ type, tag }) => `${type} ${tag}`);

  it('answers the history of a tag, newest first, and where it ends', async () => {
    await fill();
    const { body, status } = await get(gateway, '/v1/changes?repository=nginx&tag=latest');
    expect(status).toBe(200);
    expect(body.changes.map(({ digest: at, previousDigest }) => [at, previousDigest])).toEqual([
      [digest('ten'), digest('zero')],
      [digest('zero'), null],
    ]);
    expect(body.next).toBeNull();
    expect(body.floor).toMatch(/^[0-9a-z]{8}-0$/);
  });

  it('selects by type', async () => {
    await fill();
    await gateway.publish({ reference: 'nginx:1.26.2', action: 'delete' });
    const page = await get(gateway, '/v1/changes?type=tag.deleted&type=tag.updated');
    expect(kinds(page)).toEqual(['tag.deleted 1.26.2', 'tag.updated latest']);
  });

  it('pages by position, and the pages together are the whole history', async () => {
    await fill();
    const whole = await get(gateway, '/v1/changes');
    const read = await pages(gateway, '/v1/changes?n=3');
    expect(read.flatMap(kinds)).toEqual(kinds(whole));
    expect(read[0]?.body.next).toBe(read[0]?.body.changes[2]?.position);
  });

  it('refuses a position of another epoch, or one that is not there yet, with 410', async () => {
    await fill();
    const { body } = await get(gateway, '/v1/changes?n=1');
    const [epoch] = (body.changes[0]?.position ?? '').split('-');
    const other = await get(gateway, '/v1/changes?before=abcdefgh-3');
    expect([other.status, other.body.errors[0]?.detail]).toEqual([
      410,
      { reason: 'epoch', position: body.changes[0]?.position, floor: `${epoch}-0` },
    ]);
    const ahead = await get(gateway, `/v1/changes?before=${epoch}-900`);
    expect([ahead.status, ahead.body.errors[0]?.detail?.reason]).toEqual([410, 'ahead-of-head']);
  });

  it('ends at the floor, which says that what came before is no longer kept', async () => {
    await fill();
    const { body } = await get(gateway, '/v1/changes?n=1');
    const [epoch] = (body.changes[0]?.position ?? '').split('-');
    const past = await get(gateway, `/v1/changes?before=${epoch}-0`);
    expect(past.body).toEqual({ changes: [], next: null, floor: `${epoch}-0` });
  });
});

describe('GET /v1/repositories', () => {
  const keys = (page: Page) =>
    page.body.repositories.map(({ registry, repository, tags }) => `${registry}/${repository} ${tags}`);

  it('answers what is known of each repository', async () => {
    await gateway.publish(push('nginx:1.27', 'a'), push('nginx:latest', 'a'));
    const { body } = await get(gateway, '/v1/repositories');
    expect(body).toEqual({
      repositories: [
        {
          registry: 'docker.io',
          repository: 'library/nginx',
          tags: 2,
          polled: false,
          listed: null,
          lastChange: expect.objectContaining({
            type: 'tag.created',
            tag: 'latest',
            origin: 'publish:publish',
          }),
        },
      ],
      next: null,
    });
  });

  it('takes a prefix by whole segments; a bare name also is that of a repository', async () => {
    await fill();
    const below = async (prefix: string) => keys(await get(gateway, `/v1/repositories?prefix=${prefix}`));
    expect(await below('ghcr.io/team')).toEqual(['ghcr.io/team/app 1']);
    expect(await below('ghcr.io/team/')).toEqual(['ghcr.io/team/app 1']);
    expect(await below('ghcr.io')).toEqual(['ghcr.io/team-b/app 1', 'ghcr.io/team/app 1']);
    expect(await below('nginx')).toEqual(['docker.io/library/nginx 5']);
    expect(await below('library')).toEqual(['docker.io/library/nginx 5']);
    expect(await below('docker.io/library/nginx')).toEqual(['docker.io/library/nginx 5']);
    expect(await below('ng')).toEqual([]);
  });

  it('pages through everything once by Link', async () => {
    await fill();
    const whole = keys(await get(gateway, '/v1/repositories'));
    expect(whole).toHaveLength(3);
    expect((await pages(gateway, '/v1/repositories?n=1')).flatMap(keys)).toEqual(whole);
  });
});
