import { afterEach, expect, it } from 'vitest';
import { createMemoryBudget } from '../../../src/cluster/memory/cluster.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import type { RegistryOptions } from '../../../src/source/poll/options.ts';
import { createExchange } from '../../../src/upstream/exchange.ts';
import { headTag } from '../../../src/upstream/manifest.ts';
import { RegistryClient } from '../../../src/upstream/registry-client.ts';
import { maxTokens, Tokens } from '../../../src/upstream/tokens.ts';
import { UpstreamError } from '../../../src/upstream/upstream-error.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import {
  type FakeRegistry,
  type FakeRegistryOptions,
  startFakeRegistry,
} from '../../support/fake-registry.ts';
import { registryOf } from '../../support/poll-rig.ts';
import { registryClient } from '../../support/registry-client.ts';

const user = { username: 'reader', password: 'open sesame' };
const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

async function registryWith(options: FakeRegistryOptions): Promise<FakeRegistry> {
  const registry = await startFakeRegistry(options);
  open.push(registry);
  registry.push('team/app', '1.0', 'one');
  registry.push('team/other', '1.0', 'two');
  return registry;
}

function clientOf(registry: FakeRegistry, more: Partial<RegistryOptions> = {}): RegistryClient {
  const client = registryClient(registry.host, more);
  open.push(client);
  return client;
}

it('asks for a token once for a scope, however many requests need it at once, and uses it again', async () => {
  const registry = await registryWith({ bearer: true });
  const client = clientOf(registry);
  await Promise.all(Array.from({ length: 20 }, () => headTag(client, 'team/app', '1.0')));
  expect(registry.count('GET token')).toBe(1);
  await headTag(client, 'team/app', '1.0');
  expect(registry.count('GET token')).toBe(1);
  await headTag(client, 'team/other', '1.0');
  expect(registry.count('GET token')).toBe(2);
  const url = new URL(registry.log.find(({ url }) => url.startsWith('/token'))?.url ?? '', registry.url);
  expect(Object.fromEntries(url.searchParams)).toEqual({
    service: 'fake',
    scope: 'repository:team/app:pull',
  });
});

it('sends the credentials to the token service and never with the request itself', async () => {
  const registry = await registryWith({ bearer: true, user });
  expect(await headTag(clientOf(registry, user), 'team/app', '1.0')).toMatchObject({ kind: 'found' });
  for (const { url, authorization } of registry.log) {
    if (url.startsWith('/token')) expect(authorization).toMatch(/^Basic /);
    else expect(authorization ?? 'Bearer ').toMatch(/^Bearer /);
  }
});

it('says basic only after the registry asked for it', async () => {
  const registry = await registryWith({ basic: true, user });
  const client = clientOf(registry, user);
  await headTag(client, 'team/app', '1.0');
  await headTag(client, 'team/app', '1.0');
  expect(registry.log.map(({ authorization }) => authorization?.slice(0, 6) ?? null)).toEqual([
    null,
    'Basic ',
    'Basic ',
  ]);
});

it('wrong credentials end in one error that holds none of them', async () => {
  const registry = await registryWith({ bearer: true, user });
  const client = clientOf(registry, { username: 'reader', password: 'wrong-secret' });
  const error = await headTag(client, 'team/app', '1.0').catch((caught: unknown) => caught);
  expect(error).toMatchObject({ reason: 'denied' });
  expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toMatch(/wrong-secret|cmVhZGVy/);
});

it('a token realm over plain HTTP is refused where the registry is not configured so', async () => {
  const tokens = new Tokens({
    host: 'registry.example',
    credentials: user,
    plainHttp: false,
    clock: systemClock,
    random: () => 1,
    askRealm: () => Promise.reject(new Error('asked')),
  });
  for (const realm of ['http://registry.example/token', 'ftp://x/y', 'not a url', 'https://a:b@x.example/']) {
    await expect(tokens.answer('s', [`Bearer realm="${realm}"`], null)).rejects.toMatchObject({
      reason: 'redirect',
    });
  }
});

it('an endpoint over plain HTTP is refused without plainHttp', () => {
  const make = () =>
    new RegistryClient(registryOf('registry.example', { plainHttp: false, endpoint: 'http://x.example' }), {
      exchange: createExchange({ connections: 1, clock: systemClock }),
      budget: createMemoryBudget(1, systemClock),
      clock: systemClock,
      random: () => 0,
      requests: { inc() {} },
      onPressure() {},
      onRemaining() {},
    });
  expect(make).toThrow(/must be https, unless plainHttp is true/);
});

it('fetches a new token when the old one nears its end', async () => {
  const clock = fakeClock();
  let fetched = 0;
  const tokens = new Tokens({
    host: 'registry.example',
    credentials: null,
    plainHttp: false,
    clock,
    random: () => 1,
    askRealm: async () => {
      fetched += 1;
      const body = Buffer.from(JSON.stringify({ access_token: `t${fetched}`, expires_in: 300 }));
      return { status: 200, headers: {}, body };
    },
  });
  expect(await tokens.answer('s', ['Bearer realm="https://auth.example/t"'], null)).toBe('Bearer t1');
  clock.advance(269_000);
  expect(await tokens.current('s')).toBe('Bearer t1');
  clock.advance(2_000);
  expect(await tokens.current('s')).toBe('Bearer t2');
});

it('remembers no more tokens than the bound and forgets the one used longest ago', async () => {
  let fetched = 0;
  const tokens = new Tokens({
    host: 'registry.example',
    credentials: null,
    plainHttp: false,
    clock: systemClock,
    random: () => 1,
    askRealm: async () => {
      fetched += 1;
      return { status: 200, headers: {}, body: Buffer.from('{"token":"t","expires_in":3600}') };
    },
  });
  await tokens.answer('s0', ['Bearer realm="https://auth.example/t"'], null);
  for (let n = 1; n <= maxTokens; n += 1) await tokens.current(`s${n}`);
  expect(fetched).toBe(maxTokens + 1);
  await tokens.current(`s${maxTokens}`);
  expect(fetched).toBe(maxTokens + 1);
  await tokens.current('s0');
  expect(fetched).toBe(maxTokens + 2);
});

it.each([
  '{}',
  '{"token":""}',
  '{"token":"a\\r\\nx-evil: 1"}',
  '[]',
  'no json',
  `{"token":"${'a'.repeat(40_000)}"}`,
])('a token answer that is of no use is refused: %.30s', async (body) => {
  const tokens = new Tokens({
    host: 'registry.example',
    credentials: null,
    plainHttp: false,
    clock: systemClock,
    random: () => 1,
    askRealm: async () => ({ status: 200, headers: {}, body: Buffer.from(body) }),
  });
  await expect(tokens.answer('s', ['Bearer realm="https://auth.example/t"'], null)).rejects.toMatchObject({
    reason: 'denied',
  });
});

it.each([
  ['{"token":null,"access_token":"t","expires_in":"300"}', 270_000],
  ['{"token":"","access_token":"t","expires_in":null}', 54_000],
  ['{"token":"t","expires_in":0}', 54_000],
  ['{"token":"t","expires_in":-5}', 54_000],
  ['{"token":"t","expires_in":"soon"}', 54_000],
  ['{"token":"t","expires_in":1e300}', 3_240_000],
  ['{"token":"t","access_token":null,"issued_at":7}', 54_000],
])('a token answer is of use, and for how long: %s', async (body, usedMs) => {
  const clock = fakeClock();
  let fetched = 0;
  const tokens = new Tokens({
    ...{ host: 'registry.example', credentials: null, plainHttp: false, clock, random: () => 1 },
    askRealm: async () => {
      fetched += 1;
      return { status: 200, headers: {}, body: Buffer.from(body) };
    },
  });
  expect(await tokens.answer('s', ['Bearer realm="https://auth.example/t"'], null)).toBe('Bearer t');
  clock.advance(usedMs - 1);
  await tokens.current('s');
  expect(fetched).toBe(1);
  clock.advance(2);
  await tokens.current('s');
  expect(fetched).toBe(2);
});

it.each([
  [null, 'status 401: must be public, or username and password must be set'],
  [user, 'status 401: username and password must be right, and permit a pull'],
])(
  'a token service that denies says what the operator can do, with credentials %j',
  async (credentials, need) => {
    const tokens = new Tokens({
      ...{ host: 'registry.example', credentials, plainHttp: false, clock: systemClock, random: () => 1 },
      askRealm: async () => ({ status: 401, headers: {}, body: Buffer.alloc(0) }),
    });
    const answer = tokens.answer('s', ['Bearer realm="https://auth.example/t"'], null);
    await expect(answer).rejects.toThrow(`fetch token from auth.example: ${need}`);
  },
);

it('a request without a token goes out bare after the realm failed, and the answer may name another realm', async () => {
  const asked: string[] = [];
  const tokens = new Tokens({
    host: 'registry.example',
    credentials: null,
    plainHttp: false,
    clock: fakeClock(),
    random: () => 1,
    askRealm: async ({ host }) => {
      asked.push(host);
      if (host === 'old.example') throw new UpstreamError('network', 'ECONNREFUSED');
      return { status: 200, headers: {}, body: Buffer.from('{"token":"t"}') };
    },
  });
  const old = ['Bearer realm="https://old.example/t"'];
  await expect(tokens.answer('s', old, null)).rejects.toMatchObject({ reason: 'network' });
  expect(await tokens.current('s')).toBeNull();
  expect(await tokens.answer('s', ['Bearer realm="https://new.example/t"'], null)).toBe('Bearer t');
  expect(await tokens.current('s')).toBe('Bearer t');
  expect(asked).toEqual(['old.example', 'new.example']);
});

it('a realm that failed is asked again only after a wait that grows, and at once where the registry names another', async () => {
  const clock = fakeClock();
  let asked = 0;
  const tokens = new Tokens({
    host: 'registry.example',
    credentials: null,
    plainHttp: false,
    clock,
    random: () => 1,
    askRealm: async () => {
      asked += 1;
      throw new UpstreamError('timeout', 'no answer');
    },
  });
  const attempt = () => tokens.answer('s', ['Bearer realm="https://auth.example/t"'], null);
  const failsAfter = async (waitMs: number) => {
    clock.advance(waitMs);
    await expect(attempt()).rejects.toMatchObject({ reason: 'timeout' });
    return asked;
  };
  expect(await failsAfter(0)).toBe(1);
  expect(await failsAfter(999)).toBe(1);
  expect(await failsAfter(1)).toBe(2);
  expect(await failsAfter(1_999)).toBe(2);
  expect(await failsAfter(1)).toBe(3);
  for (let n = 0; n < 20; n += 1) await failsAfter(60_000);
  expect(asked).toBe(23);
});

it('tokens that are still valid are used while the realm is away', async () => {
  let away = false;
  const tokens = new Tokens({
    host: 'registry.example',
    credentials: null,
    plainHttp: false,
    clock: fakeClock(),
    random: () => 1,
    askRealm: async () => {
      if (away) throw new UpstreamError('network', 'ECONNREFUSED');
      return { status: 200, headers: {}, body: Buffer.from('{"token":"t"}') };
    },
  });
  expect(await tokens.answer('s', ['Bearer realm="https://auth.example/t"'], null)).toBe('Bearer t');
  away = true;
  await expect(tokens.current('other')).rejects.toMatchObject({ reason: 'network' });
  expect(await tokens.current('s')).toBe('Bearer t');
  expect(await tokens.current('other')).toBeNull();
});

it('asks by POST where the token service takes no GET', async () => {
  const forms: (string | null)[] = [];
  const tokens = new Tokens({
    host: 'registry.example',
    credentials: user,
    plainHttp: false,
    clock: systemClock,
    random: () => 1,
    askRealm: async (_url, { form }) => {
      forms.push(form);
      return form === null
        ? { status: 405, headers: {}, body: Buffer.alloc(0) }
        : { status: 200, headers: {}, body: Buffer.from('{"access_token":"t"}') };
    },
  });
  expect(await tokens.answer('s', ['Bearer realm="https://auth.example/t",service="x"'], null)).toBe(
    'Bearer t',
  );
  expect(Object.fromEntries(new URLSearchParams(forms[1] ?? ''))).toMatchObject({
    grant_type: 'password',
    service: 'x',
    scope: 's',
    ...user,
  });
});
