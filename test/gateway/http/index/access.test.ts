/** Who may ask the index, and for what: what is not granted is refused or left out, whether it exists or not. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { digest, type Gateway, startGateway } from '../../../support/gateway.ts';
import { get, type Page, post } from '../../../support/index-client.ts';

const access = [
  { name: 'team', sha256: digest('team-token').slice(7), repositories: ['ghcr.io/team/**'] },
  { name: 'named', sha256: digest('named-token').slice(7), repositories: ['nginx', 'ghcr.io/team/app'] },
  { name: 'loose', sha256: digest('loose-token').slice(7), repositories: ['**/app'] },
  { name: 'all', sha256: digest('all-token').slice(7), repositories: ['**'] },
  { name: 'admin', sha256: digest('admin-token').slice(7), admin: true },
];

let gateway: Gateway;
beforeEach(async () => {
  gateway = await startGateway({ access });
  const push = (reference: string) => ({ reference, digest: digest('same') });
  await gateway.publish(push('nginx:1'), push('ghcr.io/team/app:1'), push('ghcr.io/secret/app-x:1'));
  await gateway.publish(push('ghcr.io/team-b/app:1'), push('quay.io/team/app:1'));
});
afterEach(() => gateway.close());

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const basic = (user: string, password: string) => ({
  authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
});
const repositoriesOf = ({ body }: Page) =>
  (body.tags ?? body.changes ?? body.repositories).map((row) => `${row.registry}/${row.repository}`).sort();

const paths = {
  tags: '/v1/tags',
  'tags by the last move': '/v1/tags?sort=updated&order=desc',
  'tags at a digest': `/v1/tags?digest=${digest('same')}`,
  'tags at a digest, by the last move': `/v1/tags?digest=${digest('same')}&sort=updated`,
  changes: '/v1/changes',
  repositories: '/v1/repositories',
};

describe('a token', () => {
  it.each(Object.entries(paths))(
    'sees only what it is granted of %s, and pages of it do not count more',
    async (_, path) => {
      const of = async (token: string) => repositoriesOf(await get(gateway, path, bearer(token)));
      expect(await of('team-token')).toEqual(['ghcr.io/team/app']);
      expect(await of('named-token')).toEqual(['docker.io/library/nginx', 'ghcr.io/team/app']);
      expect(await of('loose-token')).toEqual(['ghcr.io/team-b/app', 'ghcr.io/team/app', 'quay.io/team/app']);
      expect(await of('all-token')).toHaveLength(5);
    },
  );

  it.each(Object.entries(paths))(
    'finds no name in the cursors of %s that it may not know',
    async (_, path) => {
      const url = `${path}${path.includes('?') ? '&' : '?'}n=1&access_token=loose-token`;
      for (let next: string | null = url; next !== null; ) {
        const page: Page = await get(gateway, next, bearer('loose-token'));
        const told = page.text + Buffer.from(page.body.next ?? '', 'base64url').toString();
        expect(told).not.toMatch(/secret|nginx/);
        const link: string = page.headers.get('link') ?? '';
        expect(link).not.toMatch(/token/);
        next = /^<([^>]*)>/.exec(link)?.[1] ?? null;
      }
    },
  );

  it.each([
    (name: string) => `/v1/tags?repository=${name}`,
    (name: string) => `/v1/tags?repository=${name}&tag=1`,
    (name: string) => `/v1/tags?repository=${name}&digest=${digest('same')}`,
    (name: string) => `/v1/changes?repository=${name}`,
    (name: string) => `/v1/diff?left=${name}&right=ghcr.io/team/app`,
    (name: string) => `/v1/diff?left=ghcr.io/team/app&right=${name}`,
    (name: string) => `/v1/orphans?repository=${name}`,
    (name: string) => `/v1/orphans?repository=${name}&verify=true`,
    (name: string) => `/v1/check?image=${name}:1`,
    (name: string) => `/v1/check?image=${name}&range=^1`,
  ])('is denied what it is not granted in the same bytes, whether that exists or not: %s', async (pathOf) => {
    const known = await get(gateway, pathOf('ghcr.io/secret/app-x'), bearer('team-token'));
    const unknown = await get(gateway, pathOf('ghcr.io/secret/app-y'), bearer('team-token'));
    expect([known.status, known.body.errors[0]?.code]).toEqual([403, 'DENIED']);
    expect(unknown.status).toBe(403);
    expect(unknown.text.replaceAll('app-y', 'app-x')).toBe(known.text);
    const head = (page: Page) => [...page.headers].filter(([name]) => name !== 'date');
    expect(head(unknown)).toEqual(head(known));
  });

  it('is denied a check of many images for those that are not granted, by name', async () => {
    const message = async (names: readonly string[]) => {
      const response = await fetch(`${gateway.url}/v1/check`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...bearer('team-token') },
        body: JSON.stringify(names.map((name) => ({ image: `${name}:1` }))),
      });
      expect(response.status).toBe(403);
      return response.text();
    };
    const one = await message(['ghcr.io/team/app', 'ghcr.io/secret/app-x', 'ghcr.io/secret/app-x']);
    expect(one).toContain('ask for ghcr.io/secret/app-x: this token does not allow it');
    const many = await message(Array.from({ length: 12 }, (_, n) => `ghcr.io/secret/a${n}`));
    expect(many).toContain('ghcr.io/secret/a0, ghcr.io/secret/a1,');
    expect(many).toContain('ghcr.io/secret/a9 and 2 more: this token');
  });

  it('compares what it is granted, and is told nothing of the rest below a prefix', async () => {
    const rows = async (token: string, query: string) => {
      const { body } = await get(gateway, `/v1/diff?${query}`, bearer(token));
      const { equal, different, onlyLeft, onlyRight, reason } = body;
      return { equal, different, reason, left: onlyLeft.map(nameOf), right: onlyRight.map(nameOf) };
    };
    const nameOf = ({ repository, tag }: { repository: string; tag: string }) => `${repository}:${tag}`;
    const all = await rows('all-token', 'left=ghcr.io/&right=quay.io/');
    expect(all).toMatchObject({ equal: 1, left: ['secret/app-x:1', 'team-b/app:1'], right: [] });
    const loose = await rows('loose-token', 'left=ghcr.io/&right=quay.io/');
    expect(loose).toMatchObject({ equal: 1, left: ['team-b/app:1'], right: [] });
    const team = await rows('team-token', 'left=ghcr.io/team/&right=quay.io/team/');
    expect(team).toMatchObject({ equal: 0, left: ['app:1'], right: [], reason: 'not-granted' });
    const neither = await rows('team-token', 'left=ghcr.io/secret/&right=quay.io/');
    const unknown = await rows('team-token', 'left=ghcr.io/nothing/&right=quay.io/none/');
    expect(neither).toEqual(unknown);
  });

  it('gets nothing, and no error, below a prefix that it is not granted', async () => {
    const { status, body } = await get(
      gateway,
      '/v1/repositories?prefix=ghcr.io/secret',
      bearer('team-token'),
    );
    expect([status, body]).toEqual([200, { repositories: [], next: null }]);
  });
});

describe('credentials', () => {
  it('may come as the password of Basic, with any user, for GET and HEAD', async () => {
    for (const user of ['', 'anyone', 'team-token']) {
      expect((await get(gateway, '/v1/tags', basic(user, 'team-token'))).status).toBe(200);
    }
    const head = await fetch(`${gateway.url}/v1/changes`, {
      method: 'HEAD',
      headers: basic('a', 'team-token'),
    });
    expect(head.status).toBe(200);
  });

  it.each(['/v1/hooks', '/v1/pace', '/metrics'])(
    'may come as Basic for what needs a right: %s',
    async (path) => {
      const ask = (password: string) => fetch(gateway.url + path, { headers: basic('a', password) });
      expect((await ask('admin-token')).status).toBe(200);
      expect((await ask('all-token')).status).toBe(403);
      const refused = await ask('wrong');
      expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([
        401,
        'Bearer realm="manifeed"',
      ]);
    },
  );

  it('as Basic are not taken for PUT', async () => {
    const response = await fetch(`${gateway.url}/v1/pace`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json', ...basic('a', 'admin-token') },
      body: JSON.stringify({ deliveriesPerSecond: 5, for: '1m' }),
    });
    expect(response.status).toBe(401);
  });

  it('as Basic are not taken for POST: a browser would send them for a foreign page', async () => {
    const response = await fetch(`${gateway.url}/v1/check`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...basic('a', 'all-token') },
      body: JSON.stringify([{ image: 'nginx' }]),
    });
    expect(response.status).toBe(401);
    const bare = await post(gateway, '/v1/check', [{ image: 'nginx' }]);
    expect(bare.status).toBe(401);
  });

  it.each([
    '/v1/tags',
    '/v1/changes',
    '/v1/repositories',
    '/v1/check?image=nginx',
    '/v1/diff?left=a&right=b',
    '/v1/orphans?repository=a',
  ])('are needed for %s, and a browser is not asked for a password', async (path) => {
    for (const headers of [{}, bearer('wrong'), basic('team-token', 'wrong'), { authorization: 'Basic ?' }]) {
      const { status, body, headers: answered } = await get(gateway, path, headers);
      expect([status, body.errors[0]?.code]).toEqual([401, 'UNAUTHORIZED']);
      expect(answered.get('www-authenticate')).not.toMatch(/basic/i);
    }
  });
});

describe('a client', () => {
  it('is refused while the gateway shuts down', async () => {
    await gateway.app.drain();
    const { status, body } = await get(gateway, '/v1/tags', bearer('all-token'));
    expect([status, body.errors[0]?.code]).toEqual([503, 'DRAINING']);
  });
});
