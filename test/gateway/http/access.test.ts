import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { digest, type Gateway, type Settings, startGateway } from '../../support/gateway.ts';

let gateway: Gateway | null = null;
afterEach(() => gateway?.close());

const token = (name: string, rights: object = {}) => ({
  name,
  sha256: digest(`token-of-${name}`).slice(7),
  ...rights,
});

/** Read with the members that the tests look into; the others stay. */
const answerSchema = z.looseObject({ errors: z.array(z.looseObject({ code: z.string() })).optional() });

async function ask(name: string | null) {
  const headers = name === null ? {} : { authorization: `Bearer token-of-${name}` };
  const response = await fetch(`${gateway?.url}/v1/access`, { headers });
  const cache = response.headers.get('cache-control');
  return { status: response.status, cache, body: answerSchema.parse(await response.json()) };
}

const gatewayName = 'gateway-1';
const settings: Settings = {
  name: gatewayName,
  access: [
    token('ci', { repositories: ['nginx', 'ghcr.io/team/**'] }),
    token('root', { admin: true, unpaced: true }),
    token('board', { metrics: true }),
  ],
};

describe('GET /v1/access', () => {
  it('tells what a token may do, and nothing of other tokens', async () => {
    gateway = await startGateway(settings);
    expect(await ask('ci')).toEqual({
      status: 200,
      cache: 'no-store',
      body: {
        name: 'ci',
        repositories: ['docker.io/library/nginx', 'ghcr.io/team/**'],
        ...{ admin: false, metrics: false, unpaced: false },
        ...{ defaultRegistry: 'docker.io', gateway: gatewayName },
      },
    });
    expect((await ask('root')).body).toEqual({
      ...{ name: 'root', repositories: ['**'] },
      ...{ admin: true, metrics: true, unpaced: true },
      ...{ defaultRegistry: 'docker.io', gateway: gatewayName },
    });
    expect((await ask('board')).body).toMatchObject({ name: 'board', admin: false, metrics: true });
  });

  it('takes the token from the query and as a password too, and refuses an unknown one and none', async () => {
    gateway = await startGateway(settings);
    const inQuery = await fetch(`${gateway.url}/v1/access?access_token=token-of-ci`);
    expect(await inQuery.json()).toMatchObject({ name: 'ci' });
    const authorization = `Basic ${Buffer.from('anyone:token-of-ci').toString('base64')}`;
    const asPassword = await fetch(`${gateway.url}/v1/access`, { headers: { authorization } });
    expect(await asPassword.json()).toMatchObject({ name: 'ci' });
    for (const name of ['nobody', null]) {
      const { status, body } = await ask(name);
      expect([status, body.errors?.[0]?.code]).toEqual([401, 'UNAUTHORIZED']);
    }
  });

  it('tells with open access what anyone may do', async () => {
    const defaultRegistry = 'registry.example.com';
    gateway = await startGateway({ name: gatewayName, access: 'open', defaultRegistry });
    // The test's gateway listens on loopback, where open access includes administration.
    const rights = { admin: true, metrics: true, unpaced: true, gateway: gatewayName };
    expect((await ask(null)).body).toEqual({ name: null, repositories: ['**'], ...rights, defaultRegistry });
  });
});
