import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { maxStoredAtOnce } from '../../../../src/source/webhook/intake.ts';
import type { HookOptions } from '../../../../src/source/webhook/kind.ts';
import { kinds } from '../../../../src/source/webhook/kinds.ts';
import {
  allFixtures,
  type Fixture,
  hookFor,
  makeTestServer,
  resign,
  type TestServer,
  urlOf,
} from '../../../support/webhook.ts';

const maxBytes = 4 * 1024 * 1024;

/** One delivery per kind that brings a change. `manifeed` has no registry to capture one from. */
const samples: Fixture[] = [
  ...[...kinds.keys()].flatMap((kind) => allFixtures().find((fixture) => fixture.kind === kind) ?? []),
  {
    name: 'manifeed/push',
    kind: 'manifeed',
    body: Buffer.from(JSON.stringify({ reference: 'registry.example.test/web:1.4.2' })),
    headers: { 'content-type': 'application/json', authorization: 'Bearer fixture-webhook-secret' },
  },
];

/** SNS signs fields and not bytes: its attacks are in `sns.test.ts`. */
const bearsSignature = (hook: HookOptions) => hook.secret !== undefined;

describe.each(samples)('$kind', (sample) => {
  const hook: HookOptions = { ...hookFor(sample.kind), maxBytes };
  let server: TestServer;
  beforeAll(async () => {
    server = await makeTestServer([hook]);
  });
  afterAll(() => server.app.close());

  async function post(body: Buffer | string, headers: Record<string, string>, url = urlOf(hook)) {
    server.batches.length = 0;
    const answer = await server.app.inject({ method: 'POST', url, headers, payload: body });
    expect(server.broken).toEqual([]);
    const stored = server.batches.flatMap((batch) => [...batch.observations, ...batch.incomplete]);
    return { status: answer.statusCode, body: answer.body, stored: stored.length };
  }
  const signed = (body: Buffer) => post(body, resign(sample.kind, sample.headers, body));

  test('takes what its registry sends', async () => {
    const taken = await post(sample.body, sample.headers);
    expect(taken.status).toBe(202);
    expect(JSON.parse(taken.body)).toMatchObject({ accepted: 1 });
    expect(taken.stored).toBe(1);
    expect(server.confirmed.length).toBeGreaterThan(0);
  });

  test('refuses a delivery without its credential, and does not say what was missing', async () => {
    const headers = { 'content-type': sample.headers['content-type'] ?? '' };
    const refused = await post(sample.body, headers, `/v1/hooks/${hook.name}`);
    expect(refused).toMatchObject({ status: 401, stored: 0 });
    expect(JSON.parse(refused.body).errors[0]).toEqual({
      code: 'UNAUTHORIZED',
      message: 'verify webhook: refused: must carry what the hook expects',
      detail: null,
    });
  });

  test('refuses a forged credential of the right shape', async () => {
    const forge = (value: string) =>
      value.replace(/[0-9a-z](?=[^0-9a-z]*$)/i, (last) => (last === '0' ? '1' : '0'));
    const headers = Object.fromEntries(
      Object.entries(sample.headers).map(([name, value]) => [
        name,
        /^(?:authorization|x-api-key|x-.*(?:signature|event-auth).*)$/.test(name)
          ? forgeMiddle(value)
          : value,
      ]),
    );
    const url = hook.pathToken === undefined ? urlOf(hook) : forge(urlOf(hook));
    expect(await post(sample.body, headers, url)).toMatchObject({ status: 401, stored: 0 });
  });

  test('refuses a changed body where the body is signed', async () => {
    const changed = Buffer.from(sample.body.toString('utf8').replace('1.4.2', '6.6.6').replace('"3', '"9'));
    const answer = await post(Buffer.concat([changed, Buffer.from('\n')]), sample.headers);
    expect(answer.status).toBe(bearsSignature(hook) ? 401 : 202);
  });

  test('answers a truncated body with 400, and one over the cap with 413', async () => {
    expect(await signed(sample.body.subarray(0, -3))).toMatchObject({ status: 400, stored: 0 });
    expect(await signed(Buffer.alloc(0))).toMatchObject({ status: 400, stored: 0 });
    expect(await signed(Buffer.alloc(maxBytes + 1, 0x20))).toMatchObject({ status: 413, stored: 0 });
  });

  test('answers a wrong media type with 415', async () => {
    for (const type of [
      'application/xml',
      'multipart/form-data; boundary=x',
      'application/json; charset=utf-16',
    ]) {
      const headers = { ...sample.headers, 'content-type': type };
      expect(await post(sample.body, headers)).toMatchObject({ status: 415, stored: 0 });
    }
    const zipped = { ...sample.headers, 'content-encoding': 'gzip' };
    expect(await post(sample.body, zipped)).toMatchObject({ status: 415, stored: 0 });
  });

  test('survives deep nesting, NUL, invalid UTF-8 and JSON that is no delivery', async () => {
    const depth = 200_000;
    const nested = `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
    const bodies = [
      nested,
      `${'['.repeat(depth)}${']'.repeat(depth)}`,
      sample.body.toString('utf8').replace(/^\{/, `{"extra":${nested},`),
    ];
    for (const body of bodies) expect((await signed(Buffer.from(body))).status).toBeLessThan(500);
    expect(await signed(Buffer.from('{"a":"\u0000"}'))).toMatchObject({ status: 400, stored: 0 });
    expect(
      await signed(
        Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xc3, 0x28, 0xff]), Buffer.from('"}')]),
      ),
    ).toMatchObject({ status: 400, stored: 0 });
    // A CloudEvent may say all of it in its attributes.
    const { 'ce-subject': _, ...headers } = sample.headers;
    for (const body of ['null', 'true', '0', '""', '[]', '{}', '[null]', '{"__proto__":{"events":[]}}']) {
      const answer = await post(body, resign(sample.kind, headers, Buffer.from(body)));
      expect([200, 400]).toContain(answer.status);
      expect(answer.stored).toBe(0);
    }
  });

  test('makes nothing of a name that is no reference', async () => {
    const evil = ['a/../../etc/passwd', 'a\\u0000b', 'UPPER/Case', '-a', 'a b', 'x'.repeat(300), '<script>'];
    for (const name of evil) {
      const body = Buffer.from(breakNames(sample.body.toString('utf8'), name));
      const answer = await signed(body);
      expect(answer.status).toBeLessThan(500);
      // GitHub and Gitea keep the owner's case in what they send.
      if (name !== 'UPPER/Case' || !/ghcr|gitea|forgejo/.test(sample.kind)) expect(answer.stored).toBe(0);
    }
  });
});

/** Another character in the middle of the credential, where every format has a letter or digit. */
function forgeMiddle(value: string): string {
  const middle = value.length - Math.floor((value.length - value.lastIndexOf(' ')) / 2);
  return `${value.slice(0, middle)}${value[middle] === '0' ? '1' : '0'}${value.slice(middle + 1)}`;
}

/** Puts a bad name wherever a kind's sample names its repository. */
function breakNames(body: string, name: string): string {
  const keys =
    'repository|repo_full_name|repo_name|repository-name|repositoryName|package_url|name|image_name|reference|resource_url|docker_url|namespace|login|username';
  const broken = body.replace(new RegExp(`"(${keys})":\\s*"[^"]*"`, 'g'), `"$1":"${name}"`);
  const data = /"data": "([A-Za-z0-9+/=]+)"/.exec(broken)?.[1];
  if (data === undefined) return broken;
  const inner = Buffer.from(data, 'base64')
    .toString('utf8')
    .replace(/dev\/[^@:"]+/g, `dev/${name}`);
  return broken.replace(data, Buffer.from(inner).toString('base64'));
}

describe('10,000 events in one body', () => {
  const event = (index: number) => ({
    id: `e${index}`,
    action: 'push',
    target: { repository: 'a', tag: `t${index}`, digest: `sha256:${'0'.repeat(64)}` },
  });
  const envelope = (count: number) =>
    JSON.stringify({ events: Array.from({ length: count }, (_, index) => event(index)) });
  const hook: HookOptions = { name: 'd', kind: 'distribution', registry: 'r.test', verify: 'none' };

  test('are all taken at once, and one more is refused whole', async () => {
    const server = await makeTestServer([hook]);
    const post = (payload: string) =>
      server.app.inject({
        method: 'POST',
        url: '/v1/hooks/d',
        payload,
        headers: { 'content-type': 'application/json' },
      });
    const taken = await post(envelope(10_000));
    expect([taken.statusCode, taken.json().accepted]).toEqual([202, 10_000]);
    const stored = () => server.batches.flatMap(({ observations }) => observations);
    expect(stored().map((row) => ('tag' in row ? row.tag : ''))).toEqual(names(10_000));
    expect(server.batches.every(({ observations }) => observations.length <= maxStoredAtOnce)).toBe(true);
    expect((await post(envelope(10_001))).statusCode).toBe(413);
    expect(stored()).toHaveLength(10_000);
    await server.app.close();
  });

  test.each([
    [
      'quay',
      (count: number) => ({ docker_url: 'quay.io/a/b', repository: 'a/b', updated_tags: names(count) }),
    ],
    [
      'harbor',
      (count: number) => ({
        type: 'PUSH_ARTIFACT',
        event_data: {
          repository: { repo_full_name: 'a/b' },
          resources: names(count).map((tag) => ({
            tag,
            digest: `sha256:${'0'.repeat(64)}`,
            resource_url: 'h.test/a/b',
          })),
        },
      }),
    ],
    ['acr', (count: number) => names(count).map(() => ({ eventType: 'x', data: {} }))],
    ['manifeed', (count: number) => names(count).map((tag) => ({ reference: `h.test/a/b:${tag}` }))],
  ])('hold for %s too', async (kind, body) => {
    const server = await makeTestServer([{ name: 'h', kind, verify: 'none' }]);
    const post = (count: number) =>
      server.app.inject({ method: 'POST', url: '/v1/hooks/h', payload: body(count) });
    expect((await post(10_000)).statusCode).toBeLessThan(300);
    expect((await post(10_001)).statusCode).toBe(413);
    await server.app.close();
  });

  const names = (count: number) => Array.from({ length: count }, (_, index) => `t${index}`);
});
