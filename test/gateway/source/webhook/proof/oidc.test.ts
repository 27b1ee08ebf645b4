import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { beforeAll, expect, test } from 'vitest';
import type { HookOptions } from '../../../../../src/source/webhook/kind.ts';
import { fakeClock } from '../../../../support/fake-clock.ts';
import { makeTestServer, readFixture } from '../../../../support/webhook.ts';

const audience = 'https://gateway.test/v1/hooks/gar';
const email = 'push@acme.iam.gserviceaccount.com';
const jwks = 'https://keys.test/certs';
const hook: HookOptions = { name: 'gar', kind: 'gar', audience, email, jwks };
const startAt = Date.UTC(2027, 0, 1);
const { body } = readFixture('gar/pubsub-insert-digest-and-tag');

type Pair = Awaited<ReturnType<typeof generateKeyPair>>;
let google: Pair;
let stranger: Pair;
beforeAll(async () => {
  google = await generateKeyPair('RS256', { extractable: true });
  stranger = await generateKeyPair('RS256', { extractable: true });
});

const claims = { aud: audience, iss: 'https://accounts.google.com', email, email_verified: true };

function token(
  over: Record<string, unknown> = {},
  options: { pair?: Pair; kid?: string; alg?: string } = {},
) {
  const now = startAt / 1000;
  return new SignJWT({ iat: now - 10, exp: now + 3600, ...claims, ...over })
    .setProtectedHeader({ alg: options.alg ?? 'RS256', kid: options.kid ?? 'k1' })
    .sign((options.pair ?? google).privateKey);
}

async function makeServer() {
  const clock = fakeClock(startAt);
  const state = { kids: ['k1'], isUp: true, asked: 0 };
  const server = await makeTestServer([hook], {
    clock,
    fetchText: async (url) => {
      expect(url).toBe(jwks);
      state.asked += 1;
      if (!state.isUp) throw new Error('down');
      const key = await exportJWK(google.publicKey);
      return JSON.stringify({ keys: state.kids.map((kid) => ({ ...key, kid, alg: 'RS256', use: 'sig' })) });
    },
  });
  const post = async (jwt: string | null) => {
    const headers = {
      'content-type': 'application/json',
      ...(jwt === null ? {} : { authorization: `Bearer ${jwt}` }),
    };
    const answer = await server.app.inject({ method: 'POST', url: '/v1/hooks/gar', headers, payload: body });
    return answer.statusCode;
  };
  return { ...server, state, clock, post };
}

test('a token of the right account, audience and issuer is taken, in both spellings of the issuer', async () => {
  const server = await makeServer();
  expect(await server.post(await token())).toBe(202);
  expect(await server.post(await token({ iss: 'accounts.google.com' }))).toBe(202);
  expect(server.state.asked).toBe(1);
  await server.app.close();
});

test('any other token is refused', async () => {
  const server = await makeServer();
  const now = startAt / 1000;
  const bad = [
    null,
    'x.y.z',
    await token({ aud: 'https://other.test' }),
    await token({ iss: 'https://evil.test' }),
    await token({ email: 'other@acme.iam.gserviceaccount.com' }),
    await token({ email: undefined }),
    await token({ email_verified: false }),
    await token({ email_verified: 'true' }),
    await token({ exp: now - 120 }),
    await token({ exp: undefined }),
    await token({}, { pair: stranger }),
    `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.`,
    `${(await token()).slice(0, -8)}AAAAAAAA`,
  ];
  for (const jwt of bad) expect(await server.post(jwt)).toBe(401);
  expect(server.batches).toEqual([]);
  await server.app.close();
});

test('an unknown key makes the set be asked for again, at most once a minute', async () => {
  const server = await makeServer();
  expect(await server.post(await token())).toBe(202);
  server.state.kids = ['k1', 'k2'];
  const next = await token({}, { kid: 'k2' });
  for (let count = 0; count < 5; count += 1) expect(await server.post(next)).toBe(401);
  expect(server.state.asked).toBe(1);
  server.clock.advance(60_001);
  expect(await server.post(next)).toBe(202);
  expect(server.state.asked).toBe(2);
  await server.app.close();
});

test('an unreachable key set is a 503, and old keys serve while it is away', async () => {
  const server = await makeServer();
  server.state.isUp = false;
  expect(await server.post(await token())).toBe(503);
  server.state.isUp = true;
  expect(await server.post(await token())).toBe(202);
  server.state.isUp = false;
  server.clock.advance(3_600_001);
  expect(await server.post(await token({ exp: startAt / 1000 + 90_000 }))).toBe(202);
  await server.app.close();
});
