/** Feeds over HTTP: who may read them, by which links, and what a reader that asks again is answered. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { openAskedLedger } from '../../../support/asked-ledger.ts';
import { type FeedName, readFeed } from '../../../support/feed-reader.ts';
import { digest, type Gateway, type Settings, startGateway } from '../../../support/gateway.ts';
import { indexServer } from '../../../support/index-server.ts';
import { tagSeen } from '../../../support/ledger-samples.ts';
import { askPlain } from '../../../support/plain-http.ts';

const names: readonly FeedName[] = ['atom', 'rss', 'json'];
const types = {
  atom: 'application/atom+xml',
  rss: 'application/rss+xml',
  json: 'application/feed+json',
} as const;
const secret = 'S3CRET-token';
const access = [
  { name: 'all', sha256: digest(secret).slice(7), repositories: ['**'] },
  { name: 'team', sha256: digest('team-token').slice(7), repositories: ['ghcr.io/team/**'] },
];

let gateway: Gateway;
let folder: string | null = null;
afterEach(async () => {
  await gateway.close();
  if (folder !== null) rmSync(folder, { recursive: true });
  folder = null;
});

async function start(settings: Settings = {}): Promise<void> {
  gateway = await startGateway(settings);
}

type Headers = Readonly<Record<string, string>>;
/** The same Host at every port, so that links are equal too. */
const ask = (path: string, headers: Headers = {}, method = 'GET') =>
  askPlain(gateway.port, method, path, { host: 'localhost', ...headers });
const push = (reference: string, word = reference) => gateway.publish({ reference, digest: digest(word) });
const basic = (password: string) => ({
  authorization: `Basic ${Buffer.from(`reader:${password}`).toString('base64')}`,
});

describe.each(names)('/v1/feed.%s', (name) => {
  const path = `/v1/feed.${name}`;
  const read = async (query = '', headers: Headers = {}) => {
    const { status, body } = await ask(path + query, headers);
    if (status !== 200) throw new Error(`read feed: ${status} ${body}`);
    return readFeed(name, body);
  };

  it('has the changes that were asked for, newest first', async () => {
    await start();
    expect((await read()).items).toEqual([]);
    await push('nginx:1.27', 'a');
    await push('nginx:1.27', 'b');
    await push('ghcr.io/team/app:1', 'c');
    await gateway.publish({ reference: 'nginx:1.27', action: 'delete' });
    const titles = async (query: string) => (await read(query)).items.map(({ title }) => title);
    const short = (word: string) => `${digest(word).slice(0, 19)}…`;
    expect(await titles('')).toEqual([
      'nginx:1.27 was deleted',
      `ghcr.io/team/app:1 was created at ${short('c')}`,
      `nginx:1.27 moved to ${short('b')}`,
      `nginx:1.27 was created at ${short('a')}`,
    ]);
    expect(await titles('?repository=ghcr.io/**&tag=1')).toHaveLength(1);
    expect(await titles('?type=tag.updated&type=tag.deleted&n=1')).toEqual(['nginx:1.27 was deleted']);
  });

  it('links each item to its change', async () => {
    await start();
    await push('nginx:1', 'a');
    await push('nginx:2', 'b');
    const { items } = await read();
    const tags = await Promise.all(
      items.map(async ({ url }) => {
        expect(url).toMatch(/^http:\/\/localhost\/v1\/changes\?/);
        return JSON.parse((await ask(url.replace('http://localhost', ''))).body).changes;
      }),
    );
    expect(tags.map((changes) => changes.map(({ tag }: { tag: string }) => tag))).toEqual([['2'], ['1']]);
  });

  it('is answered with 304 until it changes, and its ETag is another one exactly then', async () => {
    await start();
    await push('nginx:1');
    const first = await ask(`${path}?repository=nginx`);
    expect(first.headers).toMatchObject({
      'content-type': types[name],
      'cache-control': 'private, no-cache',
    });
    const { etag = '' } = first.headers;
    expect(etag).toMatch(/^"[\w-]{43}"$/);
    await push('other:1');
    for (const condition of [etag, `W/${etag}`, `"x", ${etag}`, `"x",W/${etag} , "y"`, '*']) {
      const again = await ask(`${path}?repository=nginx`, { 'if-none-match': condition });
      expect([again.status, again.bytes.length]).toEqual([304, 0]);
      expect(again.headers).toMatchObject({ etag, 'cache-control': 'private, no-cache' });
      expect(again.headers['content-length']).toBeUndefined();
    }
    for (const condition of ['"x"', etag.slice(1, -1), '', '"*"'])
      expect((await ask(`${path}?repository=nginx`, { 'if-none-match': condition })).status).toBe(200);
    await push('nginx:1', 'another');
    const changed = await ask(`${path}?repository=nginx`, { 'if-none-match': etag });
    expect(changed.status).toBe(200);
    expect(changed.headers.etag).not.toBe(etag);
  });

  it('answers HEAD with the headers of GET', async () => {
    await start();
    await push('nginx:1');
    const full = await ask(path);
    const { etag = '' } = full.headers;
    const length = String(full.bytes.length);
    const head = await ask(path, {}, 'HEAD');
    expect([head.status, head.bytes.length]).toEqual([200, 0]);
    expect(head.headers).toMatchObject({ etag, 'content-type': types[name], 'content-length': length });
    const same = await ask(path, { 'if-none-match': etag }, 'HEAD');
    expect([same.status, same.headers.etag]).toEqual([304, etag]);
    expect([undefined, length]).toContain(same.headers['content-length']);
  });

  it('is the same after a restart, byte for byte', async () => {
    folder = mkdtempSync(join(tmpdir(), 'manifeed-feeds-'));
    const settings = { ledger: `sqlite:${join(folder, 'manifeed.db')}` };
    await start(settings);
    await push('nginx:1');
    const before = await ask(path);
    await gateway.close();
    await start(settings);
    const after = await ask(path, { 'if-none-match': before.headers.etag ?? '' });
    expect(after.status).toBe(304);
    expect((await ask(path)).body).toBe(before.body);
  });

  it('has links by which the reader reached it, and ids that do not depend on that', async () => {
    await start({ trustProxy: ['127.0.0.1'] });
    await push('nginx:1');
    const proxied = {
      ...{ host: 'feeds.example.com', 'x-forwarded-proto': 'https', 'x-forwarded-prefix': '/manifeed' },
      ...{ 'x-forwarded-for': '192.0.2.7', 'x-forwarded-host': 'evil.example' },
    };
    const [direct, through] = [await read('?n=5&_=1'), await read('?n=5', proxied)];
    expect(direct.selfUrl).toBe(`http://localhost${path}?n=5`);
    expect(through.selfUrl).toBe(`https://feeds.example.com/manifeed${path}?n=5`);
    expect(through.id).toBe(direct.id);
    expect(through.items.map(({ id }) => id)).toEqual(direct.items.map(({ id }) => id));
    expect(through.items[0]?.url).toMatch(/^https:\/\/feeds\.example\.com\/manifeed\/v1\/changes\?/);
  });

  it('has nothing of what a proxy would say if the client is none', async () => {
    await start({ hosts: ['localhost'] });
    const headers = { 'x-forwarded-proto': 'https', 'x-forwarded-prefix': '/evil', 'x-forwarded-for': '::1' };
    expect((await read('', headers)).selfUrl).toBe(`http://localhost${path}`);
    expect((await ask(path, { host: 'evil.example' })).status).toBe(403);
  });

  it('takes the token as Basic, Bearer or in the query, and only shows what it may see', async () => {
    await start({ access });
    await push('nginx:1');
    await push('ghcr.io/team/app:1');
    const titles = async (query: string, headers: Headers = {}) =>
      (await read(query, headers)).items.map(({ title }) => title.split(' ')[0]);
    expect(await titles('', basic('team-token'))).toEqual(['ghcr.io/team/app:1']);
    expect(await titles('', { authorization: 'Bearer team-token' })).toEqual(['ghcr.io/team/app:1']);
    expect(await titles('?access_token=team-token')).toEqual(['ghcr.io/team/app:1']);
    expect(await titles('', basic(secret))).toEqual(['ghcr.io/team/app:1', 'nginx:1']);
    expect((await ask(path, basic('team-token'), 'HEAD')).status).toBe(200);
    const denied = await ask(`${path}?repository=nginx`, basic('team-token'));
    expect([denied.status, JSON.parse(denied.body).errors[0].code]).toEqual([403, 'DENIED']);
    for (const headers of [{}, basic('wrong'), { authorization: 'Basic ?' }]) {
      const refused = await ask(path, headers);
      expect([refused.status, refused.headers['www-authenticate']]).toEqual([401, 'Bearer realm="manifeed"']);
    }
  });

  it('G15: has nothing of a token in answers, headers and logs, however it was sent', async () => {
    await start({ access });
    await push('nginx:1');
    const queries = [
      `?access_token=${secret}`,
      `?n=5&access%5Ftoken=${secret}&repository=nginx`,
      `?%61ccess_token=${secret}&access_token=${secret}-2`,
      `?access_token=${secret}&n=0`,
      `?access_token=${secret}&nonsense=1`,
      `?access_token=${secret}&repository=UPPER`,
      `?access_token=${secret}&tag=%zz`,
      `?access_token=${secret}-wrong`,
    ];
    const statuses = [];
    for (const query of queries) {
      const { status, headers, body } = await ask(path + query);
      statuses.push(status);
      expect(JSON.stringify(headers) + body).not.toContain('S3CRET');
    }
    const byBasic = await ask(path, basic(secret));
    expect(JSON.stringify(byBasic.headers) + byBasic.body).not.toMatch(/S3CRET|reader/);
    expect(statuses).toEqual([200, 200, 200, 400, 400, 400, 400, 401]);
    const encoded = Buffer.from(`reader:${secret}`).toString('base64');
    expect(gateway.logs()).toContain(path);
    expect(gateway.logs()).not.toContain('S3CRET');
    expect(gateway.logs()).not.toContain(encoded);
  });
});

describe('feeds', () => {
  it('have the same ids in every format', async () => {
    await start();
    await push('nginx:1');
    const ids = await Promise.all(
      names.map(async (name) => readFeed(name, (await ask(`/v1/feed.${name}`)).body).items[0]?.id),
    );
    expect(new Set(ids).size).toBe(1);
  });

  it('have 100 items unless more are asked for, and 1,000 at most', async () => {
    await start();
    const entries = Array.from({ length: 1_001 }, (_, n) => ({
      reference: `app:${n}`,
      digest: digest(`${n}`),
    }));
    await gateway.publish(...entries);
    const count = async (query: string) =>
      readFeed('atom', (await ask(`/v1/feed.atom${query}`)).body).items.length;
    expect([await count(''), await count('?n=1000'), await count('?n=1')]).toEqual([100, 1_000, 1]);
    for (const n of ['0', '1001', 'x']) expect((await ask(`/v1/feed.atom?n=${n}`)).status).toBe(400);
  });

  it('are written in parts: a long one gives way to others again and again', async () => {
    await start();
    const ledger = await openAskedLedger();
    await ledger.record(Array.from({ length: 1_000 }, (_, n) => tagSeen(`${n}`, `${n}`, n)));
    const server = await indexServer({ ledger, clock: ledger.clock });
    const turnsOf = async (n: number) => {
      let turns = 0;
      let timer = setImmediate(function count() {
        turns += 1;
        timer = setImmediate(count);
      });
      const answer = await server.inject(`/v1/feed.atom?n=${n}`);
      clearImmediate(timer);
      expect(answer.body.match(/<entry>/g)).toHaveLength(n);
      return turns;
    };
    expect((await turnsOf(1_000)) - (await turnsOf(1))).toBeGreaterThan(10);
    await server.close();
  });

  it('are in /openapi.json, with the scheme by which readers send a token', async () => {
    await start();
    const { paths, components } = JSON.parse((await ask('/openapi.json')).body);
    for (const name of names) {
      const { responses, security, parameters } = paths[`/v1/feed.${name}`].get;
      expect(Object.keys(responses[200].content)).toEqual([types[name]]);
      expect(Object.keys(responses)).toEqual(expect.arrayContaining(['200', '304', '400', '403', '429']));
      expect(security).toContainEqual({ basic: [] });
      expect(parameters.map((each: { name: string }) => each.name)).toEqual([
        'repository',
        'tag',
        'type',
        'n',
      ]);
    }
    expect(components.securitySchemes.basic).toMatchObject({ type: 'http', scheme: 'basic' });
  });
});
