/** What is served at `/ui/`. The page itself is tested in test/e2e/dashboard. */
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dashboardFolder, page, script } from '../../support/dashboard-folder.ts';
import { digest, type Gateway, startGateway } from '../../support/gateway.ts';
import { askPlain } from '../../support/plain-http.ts';
import { openRaw, parseAnswer } from '../../support/raw-http.ts';

const access = [{ name: 'all', sha256: digest('right').slice(7) }];
const folder = dashboardFolder();
let gateway: Gateway;
beforeAll(async () => {
  // With tokens, because the files need none; with an origin, because CORS has a `Vary` of its own.
  const settings = { access, cors: { origins: ['https://page.test'] }, limits: { headerTimeout: '1s' } };
  gateway = await startGateway(settings, { dashboardFolder: folder.url });
});
afterAll(async () => {
  await gateway.close();
  folder.remove();
});

const ask = (path: string, headers: Readonly<Record<string, string>> = {}, method = 'GET') =>
  askPlain(gateway.port, method, path, headers);
const browser = { accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' };

/** Headers that each answer at the dashboard has, whatever it is. */
const safe = {
  'content-security-policy': expect.stringContaining("default-src 'none'"),
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
};

describe('the way to the dashboard', () => {
  it.each(['/', '/?x=1'])(
    '%s leads a browser to it by a relative redirect, also below a prefix',
    async (path) => {
      const { status, headers } = await ask(path, browser);
      expect([status, headers.location]).toEqual([302, 'ui/']);
      expect(headers).toMatchObject(safe);
      expect(headers.vary).toMatch(/\bAccept$/);
    },
  );

  it('/ answers everybody else as if there were none', async () => {
    const { status, headers, body } = await ask('/', { accept: '*/*' });
    expect([status, headers.vary]).toEqual([404, 'Origin, Accept']);
    expect(JSON.parse(body).errors[0]).toEqual({
      ...{ code: 'NOT_FOUND', detail: null },
      message: 'No endpoint GET /. The list is at /openapi.json',
    });
  });

  it.each(['GET', 'HEAD'])('/ui leads to /ui/, %s', async (method) => {
    const { status, headers, body } = await ask('/ui', {}, method);
    expect([status, headers.location, body]).toEqual([302, 'ui/', '']);
    expect(headers).toMatchObject(safe);
  });
});

describe('the files', () => {
  it('need no token, and come with the headers that keep the page safe', async () => {
    const { status, headers, body } = await ask('/ui/');
    expect([status, body]).toEqual([200, page]);
    expect(headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'content-length': String(page.length),
      'cache-control': 'no-cache',
      'content-security-policy':
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      vary: 'Origin, Accept-Encoding',
    });
    expect(headers['set-cookie']).toBeUndefined();
  });

  it('in assets/ may be kept for ever: their names have the hash of what is in them', async () => {
    const { status, headers, body } = await ask('/ui/assets/index-a1.js');
    expect([status, body]).toEqual([200, script]);
    expect(headers).toMatchObject({
      'content-type': 'text/javascript; charset=utf-8',
      'cache-control': 'public, max-age=31536000, immutable',
      'x-content-type-options': 'nosniff',
    });
    expect((await ask('/ui/assets/index-b2.css')).headers['content-type']).toBe('text/css; charset=utf-8');
    expect((await ask('/ui/assets/icon-c3.svg')).headers['content-type']).toMatch(/^image\/svg\+xml/);
  });

  it('are compressed for who accepts gzip', async () => {
    const { headers, bytes } = await ask('/ui/assets/index-a1.js', { 'accept-encoding': 'br, gzip' });
    expect(headers['content-encoding']).toBe('gzip');
    expect(headers['content-length']).toBe(String(bytes.length));
    expect(bytes.length).toBeLessThan(script.length / 10);
    expect(gunzipSync(bytes).toString()).toBe(script);
  });

  it.each([
    ['/ui/', {}],
    ['/ui/assets/index-a1.js', { 'accept-encoding': 'gzip' }],
  ])('%s is not sent again to who has it', async (path, headers) => {
    const { etag = '' } = (await ask(path, headers)).headers;
    for (const method of ['GET', 'HEAD']) {
      const again = await ask(path, { ...headers, 'if-none-match': `"other", ${etag}` }, method);
      expect([again.status, again.body, again.headers.etag]).toEqual([304, '', etag]);
    }
    expect((await ask(path, { ...headers, 'if-none-match': '"other"' })).status).toBe(200);
  });

  it('answer HEAD with the length, and no body', async () => {
    const { status, headers, body } = await ask('/ui/', {}, 'HEAD');
    expect([status, headers['content-length'], body]).toEqual([200, String(page.length), '']);
  });
});

describe('bad requests', () => {
  it.each([
    '/ui/x',
    '/ui/index.html',
    '/ui/other.html',
    '/ui/assets',
    '/ui/assets/',
    '/ui/assets/notes.txt',
    '/ui/assets/.hidden.js',
    '/ui/../x',
    '/ui/../package.json',
    '/ui/assets/../index.html',
    '/ui/assets/../../package.json',
    '/ui/%2e%2e/package.json',
    '/ui/assets/%2e%2e/%2e%2e/package.json',
    '/ui/assets/..%2f..%2fpackage.json',
    '/ui/assets/..%5c..%5cpackage.json',
    '/ui/assets//index-a1.js',
    '/ui//assets/index-a1.js',
    '/ui/%00',
    '/ui/assets/index-a1.js%00',
    '/ui/assets/index-a1.js/',
    '/UI/',
    `/ui/${'a'.repeat(10_000)}`,
    `/ui/assets/${'../'.repeat(3_000)}package.json`,
    `/ui/assets/${'%2e%2e%2f'.repeat(1_000)}etc/passwd`,
  ])('%.60s is not found', async (path) => {
    const { status, headers, body } = await ask(path, browser);
    expect([status, JSON.parse(body).errors[0].code]).toEqual([404, 'NOT_FOUND']);
    expect(headers).toMatchObject(safe);
    expect(body).not.toContain('secret');
  });

  it.each(['/ui/%zz', '/ui/assets/%', '/ui/%ff%fe'])('%s is no path', async (path) => {
    const { status, headers, body } = await ask(path, browser);
    expect([status, JSON.parse(body).errors[0].code]).toEqual([400, 'REQUEST_INVALID']);
    expect(headers).toMatchObject(safe);
  });

  it.each([
    ['POST', '/ui/'],
    ['PUT', '/ui/assets/index-a1.js'],
    ['DELETE', '/ui'],
    ['POST', '/'],
    ['OPTIONS', '/ui/'],
  ])('%s %s is not allowed', async (method, path) => {
    const { status, headers } = await ask(path, {}, method);
    expect([status, headers.allow]).toEqual([405, 'GET, HEAD']);
    if (path !== '/') expect(headers).toMatchObject(safe);
  });

  it('a WebSocket is not opened at the page', async () => {
    const connection = await openRaw(gateway.port);
    connection.send(
      'GET /ui/ HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
    );
    expect(parseAnswer(await connection.ended()).status).toBe(404);
    connection.close();
  });

  it('two Host headers are refused here too', async () => {
    const connection = await openRaw(gateway.port);
    connection.send('GET /ui/ HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n');
    expect(parseAnswer(await connection.ended()).status).toBe(400);
    connection.close();
  });
});

describe('a reader that takes nothing', () => {
  it('holds no file open, and delays nobody', async () => {
    const large = dashboardFolder({ 'index.html': page, 'assets/large.js': 'x'.repeat(4 * 1024 * 1024) });
    const other = await startGateway({}, { dashboardFolder: large.url });
    const openFiles = () => other.metric(/^process_open_fds /);
    const readers = await Promise.all(Array.from({ length: 20 }, () => openRaw(other.port)));
    const before = await openFiles();
    for (const { socket, send, until } of readers) {
      send('GET /ui/assets/large.js HTTP/1.1\r\nHost: localhost\r\n\r\n');
      await until('200 OK');
      socket.pause();
    }
    expect((await askPlain(other.port, 'GET', '/ui/')).status).toBe(200);
    expect(await openFiles()).toBeLessThan(before + 10);
    for (const reader of readers) reader.close();
    await other.close();
    large.remove();
  });
});

describe('the Host check', () => {
  it('holds for the dashboard, and says which setting lets the name in', async () => {
    const open = await startGateway({}, { dashboardFolder: folder.url });
    const refused = await askPlain(open.port, 'GET', '/ui/', { host: 'feed.example.com' });
    expect([refused.status, JSON.parse(refused.body).errors[0].code]).toEqual([403, 'ORIGIN_DENIED']);
    expect(refused.headers).toMatchObject(safe);
    expect(refused.body).toContain('add it to hosts');
    await open.close();
    const named = await startGateway({ hosts: ['feed.example.com'] }, { dashboardFolder: folder.url });
    expect((await askPlain(named.port, 'GET', '/ui/', { host: 'feed.example.com' })).status).toBe(200);
    await named.close();
  });
});

describe('a gateway without dashboard', () => {
  it('with ui.enabled false has nothing there, and leads nobody to it', async () => {
    const without = await startGateway({ ui: { enabled: false } }, { dashboardFolder: folder.url });
    for (const path of ['/', '/ui', '/ui/', '/ui/assets/index-a1.js']) {
      const { status, headers, body } = await askPlain(without.port, 'GET', path, browser);
      expect([status, headers.location, JSON.parse(body).errors[0].message]).toEqual([
        404,
        undefined,
        `No endpoint GET ${path}. The list is at /openapi.json`,
      ]);
    }
    const api = JSON.parse((await askPlain(without.port, 'GET', '/openapi.json')).body);
    expect(Object.keys(api.paths)).not.toContain('/ui/');
    await without.close();
  });

  it('whose build is missing says what to run, there and in the log', async () => {
    const empty = dashboardFolder({});
    const unbuilt = await startGateway({}, { dashboardFolder: empty.url });
    const { status, headers, body } = await askPlain(unbuilt.port, 'GET', '/ui/', browser);
    expect(headers).toMatchObject(safe);
    expect([status, JSON.parse(body).errors[0]]).toEqual([
      404,
      { code: 'NOT_FOUND', detail: null, message: expect.stringContaining('run "npm run build"') },
    ]);
    expect((await askPlain(unbuilt.port, 'GET', '/', browser)).headers.location).toBe('ui/');
    expect(
      unbuilt.logs().match(/no dashboard at \/ui\/: it is not built: run \\"npm run build\\"/g),
    ).toHaveLength(1);
    await unbuilt.close();
    empty.remove();
  });
});

it('refusals elsewhere have no policy of a page', async () => {
  const { status, headers } = await ask('/uix');
  expect([status, headers['content-security-policy']]).toEqual([404, undefined]);
});

it('/openapi.json has the dashboard', async () => {
  const { paths } = JSON.parse((await ask('/openapi.json')).body);
  expect(paths['/ui/'].get).toMatchObject({ operationId: 'getUi', security: [] });
});
