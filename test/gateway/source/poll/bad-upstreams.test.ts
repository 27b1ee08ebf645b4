import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { systemClock } from '../../../../src/lib/clock.ts';
import { generic } from '../../../../src/source/poll/listers/generic.ts';
import { listBounds } from '../../../../src/source/poll/listers/lister.ts';
import type { RegistryOptions } from '../../../../src/source/poll/options.ts';
import { createExchange } from '../../../../src/upstream/exchange.ts';
import { headTag } from '../../../../src/upstream/manifest.ts';
import type { RegistryClient } from '../../../../src/upstream/registry-client.ts';
import { type FakeRegistry, type Fault, startFakeRegistry } from '../../../support/fake-registry.ts';
import { type Rig, registryOf, rig } from '../../../support/poll-rig.ts';
import { registryClient } from '../../../support/registry-client.ts';

const badDigest = 'sha256:nonsense';
const bounds = { maxTags: 1_000, maxPages: 20, maxPageBytes: 64 * 1024 };

let registry: FakeRegistry;
let running: Rig | undefined;
const clients: RegistryClient[] = [];
beforeEach(async () => {
  registry = await startFakeRegistry();
});
afterEach(async () => {
  await running?.close();
  running = undefined;
  for (const client of clients.splice(0)) await client.close();
  await registry.close();
});

function client(more: Partial<RegistryOptions> = {}): RegistryClient {
  const made = registryClient(registry.host, more);
  clients.push(made);
  return made;
}

const list = () => generic.list({ client: client(), repository: 'team/app', since: null, bounds });

/** Answers requests whose path contains `part`. */
function on(part: string, respond: Fault): void {
  registry.faults.push((request, response, url) =>
    url.pathname.includes(part) ? respond(request, response, url) : false,
  );
}

it('a body larger than its bound is cut off', async () => {
  let sent = 0;
  on('/tags/list', (_request, response) => {
    const chunk = Buffer.alloc(64 * 1024, 'a');
    const more = () => {
      while (!response.destroyed && sent < 100 * 1024 * 1024) {
        sent += chunk.length;
        if (!response.write(chunk)) return void response.once('drain', more);
      }
    };
    more();
    return true;
  });
  await expect(list()).rejects.toMatchObject({ reason: 'too-large' });
  expect(sent).toBeLessThan(20 * 1024 * 1024);
});

it('a slow drip ends with the total timeout, however steadily it drips', async () => {
  const exchange = createExchange({ connections: 1, clock: systemClock });
  let stop = () => {};
  on('/tags/list', (_request, response) => {
    const drip = setInterval(() => response.write(' '), 20);
    stop = () => clearInterval(drip);
    response.on('close', stop);
    return true;
  });
  try {
    const answer = exchange.send({
      method: 'GET',
      url: new URL(`${registry.url}/v2/team/app/tags/list`),
      headers: [],
      maxBytes: 1_000_000,
      timeoutMs: 200,
      peer: 'own',
      refusePrivate: false,
    });
    await expect(answer).rejects.toMatchObject({ reason: 'timeout' });
  } finally {
    stop();
    await exchange.close();
  }
});

it('a Link that leads back, and one that leads nowhere new, end the list as looping', async () => {
  registry.push('team/app', '1.0', 'one');
  on('/tags/list', (_request, response, url) => {
    const n = Number(url.searchParams.get('last') ?? '0');
    response.setHeader('link', `</v2/team/app/tags/list?last=${n + 1}>; rel="next"`);
    response.end(JSON.stringify({ tags: ['1.0'] }));
    return true;
  });
  expect(await list()).toMatchObject({ end: 'looping' });
  expect(registry.count('GET tags')).toBeLessThan(5);
  registry.faults.length = 0;
  on('/tags/list', (_request, response, url) => {
    response.setHeader('link', `<${url.pathname}${url.search}>; rel="next"`);
    response.end(JSON.stringify({ tags: ['2.0'] }));
    return true;
  });
  expect(await list()).toMatchObject({ end: 'looping' });
});

it.each([
  ['empty', 10, 'complete'],
  ['empty', 11, 'looping'],
  ['repeated', 1, 'complete'],
  ['repeated', 2, 'looping'],
])('a list goes on behind pages that are %s: %i of them leave it %s', async (what, pages, end) => {
  on('/tags/list', (_request, response, url) => {
    const page = Number(url.searchParams.get('page') ?? '0');
    const between = what === 'empty' ? [] : ['first'];
    const tags = page === 0 ? ['first'] : page > pages ? ['last'] : between;
    if (page <= pages) response.setHeader('link', `<?page=${page + 1}>; rel="next"`);
    response.end(JSON.stringify({ tags }));
    return true;
  });
  const listing = await list();
  expect(listing.end).toBe(end);
  expect(listing.rows.has('last')).toBe(end === 'complete');
});

it('100,000 tags over pages in any order are read up to the bound, and the operator is told', async () => {
  const size = 1_000;
  on('/tags/list', (_request, response, url) => {
    const page = Number(url.searchParams.get('page') ?? '0');
    // The newest first, and each page repeats the last tag of the one before.
    const tags = Array.from({ length: size + 1 }, (_, n) => `t${99_999 - page * size - n + 1}`);
    if (page < 99) response.setHeader('link', `</v2/team/app/tags/list?page=${page + 1}>; rel="next"`);
    response.end(JSON.stringify({ name: 'team/app', tags }));
    return true;
  });
  const long = await generic.list({
    client: client(),
    repository: 'team/app',
    since: null,
    bounds: listBounds,
  });
  expect([long.end, long.rows.size]).toEqual(['bounded', listBounds.maxTags]);
  expect(registry.count('GET tags')).toBe(50);
  registry.push('team/app', 't99999', 'one');
  running = await rig({
    registries: [registryOf(registry.host)],
    watch: [{ repository: `${registry.host}/team/app`, tags: ['t99999', 'x*'] }],
  });
  const { poller, until, observations } = running;
  await poller.start();
  await until(() => observations.some(({ kind }) => kind === 'baseline'));
  await registry.reached('GET tags', 200);
  const error = poller.upstreams()[0]?.repositories[0]?.lastError;
  expect(error).toMatch(
    /^the list has more than 50000 tags .*: name the tags that matter in watch\[\]\.tags$/,
  );
});

it('a Link to another host is refused and that host never asked', async () => {
  const other = await startFakeRegistry();
  try {
    on('/tags/list', (_request, response) => {
      response.setHeader('link', `<http://other.example:1/v2/team/app/tags/list?last=x>; rel="next"`);
      response.end(JSON.stringify({ tags: ['1.0'] }));
      return true;
    });
    await expect(list()).rejects.toMatchObject({ reason: 'redirect' });
    expect(other.log).toEqual([]);
  } finally {
    await other.close();
  }
});

it('a list with more tags, or more pages, than the bound is cut there', async () => {
  on('/tags/list', (_request, response) => {
    response.end(JSON.stringify({ tags: Array.from({ length: 5_000 }, (_, n) => `t${n}`) }));
    return true;
  });
  const long = await list();
  expect([long.end, long.rows.size]).toEqual(['bounded', 1_000]);
  registry.faults.length = 0;
  on('/tags/list', (_request, response, url) => {
    const n = Number(url.searchParams.get('last') ?? '0');
    response.setHeader('link', `</v2/team/app/tags/list?last=${n + 1}>; rel="next"`);
    response.end(JSON.stringify({ tags: [`p${n}`] }));
    return true;
  });
  const endless = await list();
  expect([endless.end, endless.rows.size]).toEqual(['bounded', bounds.maxPages]);
});

it('tags that break the grammar are dropped and counted, the others kept', async () => {
  on('/tags/list', (_request, response) => {
    response.end(JSON.stringify({ tags: ['1.0', '../../etc', '', 7, null, `a${'b'.repeat(128)}`, 'x y'] }));
    return true;
  });
  const listing = await list();
  expect([[...listing.rows.keys()], listing.invalidTags]).toEqual([['1.0'], 6]);
});

it.each(['[]', '{"tags":{}}', 'not json', '"', '{"tags":"1.0"}'])(
  'a list of another shape is refused: %s',
  async (body) => {
    on('/tags/list', (_request, response) => {
      response.end(body);
      return true;
    });
    await expect(list()).rejects.toMatchObject({ reason: 'invalid' });
  },
);

it('an invalid digest is not believed: the manifest is fetched and hashed', async () => {
  const { digest, body } = registry.push('team/app', '1.0', 'one');
  on('/manifests/', (_request, response) => {
    response.setHeader('docker-content-digest', badDigest);
    response.end(body);
    return true;
  });
  expect(await headTag(client(), 'team/app', '1.0')).toMatchObject({ kind: 'found', digest });
});

it.each(['<html>Log in</html>', '', '[]', '{"errors":[]}', '{"schemaVersion":"2"}'])(
  'a 200 without a digest is not believed unless it is a manifest: %j',
  async (body) => {
    on('/manifests/', (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/html' }).end(body);
      return true;
    });
    await expect(headTag(client(), 'team/app', '1.0')).rejects.toMatchObject({ reason: 'invalid' });
  },
);

it('a length of 0 is none: no manifest has that', async () => {
  const { digest, mediaType } = registry.push('team/app', '1.0', 'one');
  on('/manifests/', (_request, response) => {
    const headers = { 'content-type': mediaType, 'content-length': 0, 'docker-content-digest': digest };
    response.writeHead(200, headers).end();
    return true;
  });
  expect(await headTag(client(), 'team/app', '1.0')).toMatchObject({ digest, size: null });
});

it.each([301, 302, 303, 307, 308])(
  'a %i redirect to a private address is refused, and nothing is sent there',
  async (status) => {
    const victim = await startFakeRegistry();
    try {
      for (const target of [victim.url, 'http://169.254.169.254', 'http://[::1]:1', 'http://10.0.0.1']) {
        registry.faults.length = 0;
        on('/manifests/', (_request, response) => {
          response.writeHead(status, { location: `${target}/v2/team/app/manifests/1.0` }).end();
          return true;
        });
        await expect(headTag(client(), 'team/app', '1.0')).rejects.toMatchObject({ reason: 'redirect' });
      }
      expect(victim.log).toEqual([]);
    } finally {
      await victim.close();
    }
  },
);

it('a redirect to a name that resolves to a private address is refused when connecting', async () => {
  const victim = await startFakeRegistry();
  try {
    const port = victim.host.split(':')[1];
    on('/manifests/', (_request, response) => {
      response.writeHead(307, { location: `http://localhost:${port}/v2/team/app/manifests/1.0` }).end();
      return true;
    });
    await expect(headTag(client(), 'team/app', '1.0')).rejects.toMatchObject({
      reason: expect.stringMatching(/redirect|network/),
    });
    expect(victim.log).toEqual([]);
  } finally {
    await victim.close();
  }
});

it.each([
  ['application/vnd.oci.image.index.v1+json; charset=utf-8', 'application/vnd.oci.image.index.v1+json'],
  ['text/html"><img src=x onerror=alert(1)>', null],
  ['application', null],
  ['application/a b', null],
  [`application/${'a'.repeat(128)}`, null],
  ['', null],
])('a polled Content-Type %j reaches subscribers as %j', async (contentType, mediaType) => {
  on('/manifests/', (_request, response) => {
    response.writeHead(200, {
      'content-type': contentType,
      'docker-content-digest': `sha256:${'a'.repeat(64)}`,
    });
    response.end();
    return true;
  });
  expect(await headTag(client(), 'team/app', '1.0')).toMatchObject({ kind: 'found', mediaType });
});

it('redirects that go round end after five', async () => {
  on('/manifests/', (_request, response, url) => {
    response.writeHead(302, { location: `${url.pathname}?n=${Math.random()}` }).end();
    return true;
  });
  await expect(headTag(client(), 'team/app', '1.0')).rejects.toMatchObject({ reason: 'redirect' });
  expect(registry.count('HEAD manifests')).toBe(6);
});

it('credentials do not follow a redirect to another host', async () => {
  const seen: (string | undefined)[] = [];
  const elsewhere = createServer((request, response) => {
    seen.push(request.headers.authorization);
    response.writeHead(200, { 'docker-content-digest': `sha256:${'a'.repeat(64)}` }).end();
  });
  elsewhere.listen(0, '127.0.0.1');
  await new Promise((resolve) => elsewhere.once('listening', resolve));
  const secured = await startFakeRegistry({ basic: true, user: { username: 'u', password: 'p' } });
  await registry.close();
  registry = secured;
  try {
    on('/manifests/', (request, response) => {
      if (request.headers.authorization === undefined) return false;
      const { port } = elsewhere.address() as AddressInfo;
      response.writeHead(307, { location: `http://127.0.0.1:${port}/x` }).end();
      return true;
    });
    const asking = client({ username: 'u', password: 'p', allowPrivateRedirects: true });
    expect(await headTag(asking, 'team/app', '1.0')).toMatchObject({ kind: 'found' });
    expect(seen).toEqual([undefined]);
  } finally {
    elsewhere.closeAllConnections();
    elsewhere.close();
  }
});

it.each(['500', 'cut', 'truncated'])(
  'no tag is said to be gone after an answer that is not certain: %s',
  async (fault) => {
    for (const tag of ['1.0', '1.1', '1.2']) registry.push('team/app', tag, tag);
    running = await rig({
      registries: [registryOf(registry.host)],
      watch: [{ repository: `${registry.host}/team/app`, tags: ['*'] }],
    });
    const { poller, until, observations } = running;
    await poller.start();
    await until(() => observations.some(({ kind }) => kind === 'baseline'));
    on('', (request, response) => {
      if (fault === '500') response.writeHead(500).end();
      else if (fault === 'cut') request.socket.destroy();
      // A list that silently lacks what is still there, as registries with a cap on `n` give.
      else if (request.url?.includes('/tags/list') === true) response.end('{"tags":["1.0"]}');
      else return false;
      return true;
    });
    await registry.reached(fault === 'truncated' ? 'GET tags' : 'GET tags', registry.count('GET tags') + 3);
    expect(observations.filter(({ kind }) => kind === 'tag-gone')).toEqual([]);
  },
);

it('one repository that never answers and one that always fails hold up no other', async () => {
  registry.push('team/good', '1.0', 'one');
  on('/team/hangs/', () => true);
  on('/team/fails/', (_request, response) => {
    response.writeHead(500).end();
    return true;
  });
  running = await rig({
    registries: [registryOf(registry.host)],
    watch: ['good', 'hangs', 'fails'].map((name) => ({
      repository: `${registry.host}/team/${name}`,
      tags: ['1.0'],
    })),
  });
  const { poller, until, observations } = running;
  await poller.start();
  await until(() => observations.filter(({ repository }) => repository === 'team/good').length >= 20);
});

it('one broken manifest hides none of the other tags, and is waited for only so long', async () => {
  for (const tag of ['a', 'broken', 'c']) registry.push('team/app', tag, tag);
  on('/manifests/broken', (_request, response) => {
    response.writeHead(500).end();
    return true;
  });
  running = await rig({
    registries: [registryOf(registry.host)],
    watch: [{ repository: `${registry.host}/team/app`, tags: ['*'] }],
  });
  const { poller, until, observations, changes } = running;
  await poller.start();
  await until(() => observations.some(({ kind }) => kind === 'baseline'));
  expect(registry.log.filter(({ url }) => url.endsWith('/broken')).length).toBeGreaterThan(3);
  registry.push('team/app', 'd', 'new');
  await until(() => changes.length === 1);
  expect(changes[0]).toMatchObject({ type: 'tag.created', tag: 'd' });
});
