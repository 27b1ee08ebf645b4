/** Who may ask under `/v2`, and how requests are refused there. */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Gateway, startGateway } from '../../support/gateway.ts';
import { askPlain } from '../../support/plain-http.ts';

const token = 'the-token-of-the-tests';
const access = [
  {
    name: 'reader',
    sha256: createHash('sha256').update(token).digest('hex'),
    repositories: ['docker.io/library/*'],
  },
];
const aaa = `sha256:${'a'.repeat(64)}`;

let open: Gateway;
let closed: Gateway;

beforeAll(async () => {
  open = await startGateway();
  closed = await startGateway({ access });
});
afterAll(async () => {
  await open.close();
  await closed.close();
});

function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

/** Not by fetch, which resolves dots and encodes. */
async function ask(gateway: Gateway, path: string, method = 'GET', headers: Record<string, string> = {}) {
  const { status, headers: answered, body } = await askPlain(gateway.port, method, path, headers);
  return { status, headers: answered, body, code: codeOf(body) };
}

function codeOf(body: string): string | null {
  return /"code":"([A-Z_]+)"/.exec(body)?.[1] ?? null;
}

describe('the base of the API', () => {
  it.each(['/v2', '/v2/', '/docker.io/v2/', '/docker.io/v2', '/v2/?ns=docker.io', '/v2/?whatever=1'])(
    'answers %s as a registry does',
    async (path) => {
      const { status, headers, body } = await ask(open, path);
      expect({ status, body }).toEqual({ status: 200, body: '{}' });
      expect(headers).toMatchObject({
        'content-type': 'application/json',
        'docker-distribution-api-version': 'registry/2.0',
      });
    },
  );

  it('tells HEAD the length of the body', async () => {
    const { status, headers, body } = await ask(open, '/v2/', 'HEAD');
    expect([status, headers['content-length'], body]).toEqual([200, '2', '']);
  });

  it('echoes the registry that ns names', async () => {
    expect((await ask(open, '/v2/?ns=docker.io')).headers['oci-namespace']).toBe('docker.io');
  });

  it('is not there if it is switched off', async () => {
    const off = await startGateway({ facade: { enabled: false } });
    expect((await ask(off, '/v2/')).code).toBe('NOT_FOUND');
    expect((await ask(off, '/v2/updates?wait=0')).status).toBe(200);
    await off.close();
  });
});

describe('a token', () => {
  it.each([
    ['as Bearer', { authorization: `Bearer ${token}` }, ''],
    ['as the password of any user', { authorization: basic('anyone', token) }, ''],
    ['as a password without a user', { authorization: basic('', token) }, ''],
    ['in the query', {}, `?access_token=${token}`],
  ])('is taken %s', async (_how, headers, query) => {
    expect((await ask(closed, `/v2/${query}`, 'GET', headers)).status).toBe(200);
  });

  it.each([
    ['none', {}],
    ['an unknown one', { authorization: 'Bearer other' }],
    ['an unknown password', { authorization: basic('reader', 'dockerhub-password') }],
    ['the token as user', { authorization: basic(token, '') }],
    ['another scheme', { authorization: `Digest ${token}` }],
    ['broken base64', { authorization: 'Basic !!!' }],
    ['base64 without a colon', { authorization: `Basic ${Buffer.from(token).toString('base64')}` }],
  ])('is asked for by Basic if there is %s', async (_what, headers) => {
    for (const path of ['/v2/', '/v2/library/nginx/tags/list', '/docker.io/v2/']) {
      const answer = await ask(closed, path, 'GET', headers);
      expect(answer).toMatchObject({ status: 401, code: 'UNAUTHORIZED' });
      expect(answer.headers['www-authenticate']).toBe('Basic realm="manifeed"');
    }
  });

  it.each(['/v2/updates?wait=0', '/v1/hooks', '/metrics'])(
    'is never asked for by Basic at %s',
    async (path) => {
      const { status, headers } = await ask(closed, path);
      expect([status, headers['www-authenticate'] ?? '']).toEqual([
        401,
        expect.not.stringContaining('Basic'),
      ]);
    },
  );

  it('that is not known stays out of the logs', async () => {
    await ask(closed, '/v2/', 'GET', { authorization: basic('dockerhub-user', 'dockerhub-password') });
    expect(closed.logs()).not.toMatch(/dockerhub|ZG9ja2VyaHVi/);
  });
});

describe('a repository that is not granted', () => {
  it('G21: is answered byte for byte as one that is not known', async () => {
    await closed.publish({ reference: 'ghcr.io/a/secret:1', digest: aaa });
    const headers = { authorization: basic('', token) };
    const hidden = await ask(closed, `/v2/ghcr.io/a/secret/blobs/${aaa}`, 'GET', headers);
    const absent = await ask(closed, `/v2/ghcr.io/a/absent/blobs/${aaa}`, 'GET', headers);
    expect(hidden).toMatchObject({ status: 404, code: 'NAME_UNKNOWN' });
    expect(hidden.body.replaceAll('secret', 'absent')).toBe(absent.body);
    for (const reference of ['1', aaa, '.x']) {
      const path = (name: string) => `/v2/ghcr.io/a/${name}/manifests/${reference}`;
      const answers = await Promise.all(
        ['secret', 'absent'].map((name) => ask(closed, path(name), 'GET', headers)),
      );
      expect(answers[0]).toMatchObject({ status: 404, code: 'NAME_UNKNOWN' });
      expect(answers[0]?.body.replaceAll('secret', 'absent')).toBe(answers[1]?.body);
    }
  });
});

describe('a request that is not served', () => {
  it.each(['PUT', 'POST', 'DELETE', 'PATCH'])('%s is refused as UNSUPPORTED', async (method) => {
    for (const path of [`/v2/a/blobs/x`, '/v2/a/blobs/uploads/', '/v2/', '/v2/_catalog']) {
      const answer = await ask(open, path, method, { 'content-type': 'application/octet-stream' });
      expect(answer).toMatchObject({ status: 405, code: 'UNSUPPORTED' });
      expect(answer.headers.allow).toBe('GET, HEAD');
    }
  });

  it.each([
    ['/v2/a/../b/blobs/x', 400, 'NAME_INVALID'],
    ['/v2/a/%2e%2e/blobs/x', 400, 'NAME_INVALID'],
    ['/v2/a%2Fb/blobs/x', 400, 'NAME_INVALID'],
    ['/v2/%E4%BD%A0/blobs/x', 400, 'NAME_INVALID'],
    ['/v2/a%zz/blobs/x', 400, 'NAME_INVALID'],
    ['/v2/A/blobs/x', 400, 'NAME_INVALID'],
    [`/v2/${'a/'.repeat(5_000)}blobs/x`, 400, 'NAME_INVALID'],
    [`/v2/a/blobs/${'a'.repeat(10_000)}`, 400, 'NAME_INVALID'],
    ['/v2/a/blobs/sha256:aa', 400, 'DIGEST_INVALID'],
    ['/v2/a/blobs/md5:d41d8cd98f00b204e9800998ecf8427e', 400, 'DIGEST_INVALID'],
    [`/v2/a/blobs/${aaa}`, 404, 'BLOB_UNKNOWN'],
    ['/v2/a/tags', 404, 'UNSUPPORTED'],
    ['/v2/?ns=a%20b', 400, 'UNSUPPORTED'],
  ])('%s is answered with %i %s', async (path, status, code) => {
    const answer = await ask(open, path);
    expect(answer).toMatchObject({ status, code });
    expect(answer.headers['docker-distribution-api-version']).toBe('registry/2.0');
  });

  it('says how a port is written in a name', async () => {
    const answer = await ask(open, '/v2/localhost:5000/app/tags/list');
    expect(answer).toMatchObject({ status: 400, code: 'NAME_INVALID' });
    expect(answer.body).toContain('written with \\"_\\" for \\":\\"');
  });

  it('names the setting if the API is off, and only below /v2', async () => {
    const off = await startGateway({ facade: { enabled: false } });
    try {
      for (const path of ['/v2', '/v2/', '/v2/library/nginx/tags/list'])
        expect((await ask(off, path)).body).toMatch(/NOT_FOUND.*facade\.enabled/);
      for (const path of ['/v1/v2', '/v21/', '/']) expect((await ask(off, path)).body).not.toMatch(/facade/);
    } finally {
      await off.close();
    }
  });

  it('is DENIED from a foreign host, as everywhere', async () => {
    expect(await ask(open, '/v2/', 'GET', { host: 'evil.example' })).toMatchObject({
      status: 403,
      code: 'DENIED',
    });
  });

  it('leaves /v2/updates and paths of no registry to the others', async () => {
    expect((await ask(open, '/v2/updates?nonsense=1')).code).toBe('PARAMETER_INVALID');
    expect((await ask(open, '/v2/updates', 'POST')).code).toBe('METHOD_NOT_ALLOWED');
    expect((await ask(open, '/v1/v2/a')).code).toBe('NOT_FOUND');
    expect((await ask(open, '/some/v2/a')).code).toBe('NOT_FOUND');
  });
});
