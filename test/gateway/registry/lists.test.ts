/** The lists under `/v2` over HTTP, of what a webhook pushed and of what a registry lists. */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FakeRegistry, startFakeRegistry } from '../../support/fake-registry.ts';
import { digest, type Gateway, startGateway } from '../../support/gateway.ts';
import { askPlain, type PlainAnswer } from '../../support/plain-http.ts';

const token = 'the-token-of-the-tests';
const indexType = 'application/vnd.oci.image.index.v1+json';
const manifestType = 'application/vnd.oci.image.manifest.v1+json';

let gateway: Gateway;
let registry: FakeRegistry;

beforeAll(async () => {
  registry = await startFakeRegistry();
  gateway = await startGateway({
    registries: [{ host: registry.host, plainHttp: true, poll: { requestsPerSecond: 1_000 } }],
    // Not the default one: by that nothing is known of other registries.
    webhooks: [{ name: 'pushes', kind: 'manifeed', verify: 'none' }],
    facade: { onDemand: true },
    cors: { origins: ['https://page.example'] },
    access: [
      {
        name: 'reader',
        sha256: createHash('sha256').update(token).digest('hex'),
        repositories: ['docker.io/library/*', `${registry.host}/**`],
      },
    ],
  });
});
afterAll(async () => {
  await gateway.close();
  await registry.close();
});

function ask(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<PlainAnswer> {
  return askPlain(gateway.port, method, path, { authorization: `Bearer ${token}`, ...headers });
}

/** The path of the next page; '': there is none. */
function nextOf({ headers }: PlainAnswer): string {
  return /^<([^>;]+)>; rel="next"$/.exec(headers.link ?? '')?.[1] ?? '';
}

async function push(...entries: readonly Record<string, unknown>[]): Promise<void> {
  const response = await fetch(`${gateway.url}/v1/hooks/pushes`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(entries),
  });
  expect(response.status).toBe(202);
}

/** The name of the fake registry as a component of names. */
function written(): string {
  return registry.host.replace(':', '_');
}

describe('what a webhook pushed', () => {
  const history = '/v2/library/nginx/_oci/tag-history/1';
  beforeAll(async () => {
    const image = (reference: string, word: string) => ({
      ...{ reference, digest: digest(word), mediaType: manifestType, size: 500 },
    });
    await push(image('nginx:1', 'one'));
    await push(image('nginx:1', 'two'));
    await push({ reference: 'nginx:1', action: 'delete' });
    await push(image('alpine:3', 'three'), image('ghcr.io/a/secret:1', 'four'));
  });

  it('has a history, page by page', async () => {
    const events = [];
    let pages = 0;
    for (let path = `${history}?n=2`; path !== ''; pages += 1) {
      const answer = await ask(path);
      expect([answer.status, answer.headers['content-type']]).toEqual([200, indexType]);
      events.push(...JSON.parse(answer.body).manifests);
      path = nextOf(answer);
    }
    expect(pages).toBe(2);
    expect(events.map((event) => [event.digest, event.size, ...Object.values(event.annotations)])).toEqual([
      [digest('two'), 500, expect.stringMatching(/\.\d{9}Z$/), 'deleted'],
      [digest('two'), 500, expect.stringMatching(/\.\d{9}Z$/), 'created'],
      [digest('one'), 500, expect.stringMatching(/\.\d{9}Z$/), 'created'],
    ]);
  });

  it("has Chainguard's history", async () => {
    const { body } = await ask('/v2/library/nginx/_chainguard/history/1');
    expect(JSON.parse(body).history.map((entry: { digest: string }) => entry.digest)).toEqual([
      digest('one'),
      digest('two'),
    ]);
  });

  it('is in the lists of repositories, as far as the token covers it', async () => {
    expect((await ask('/v2/_catalog')).body).toBe('{"repositories":["docker.io/library/alpine"]}');
    expect((await ask('/v2/library/_oci/repositories')).body).toBe('[{"name":"library/alpine"}]');
    const hidden = await ask('/v2/ghcr.io/a/secret/_oci/tag-history/1');
    const absent = await ask('/v2/ghcr.io/a/absent/_oci/tag-history/1');
    expect([hidden.status, hidden.body]).toEqual([200, absent.body]);
  });

  it.each([history, '/v2/_catalog', '/v2/library/_oci/repositories', '/v2/_oci/ext/discover'])(
    'tells HEAD of %s the length of the body',
    async (path) => {
      const { status, headers, body } = await ask(path, {}, 'HEAD');
      const whole = await ask(path);
      expect([status, headers['content-length'], body]).toEqual([200, String(whole.bytes.length), '']);
    },
  );

  it('has no referrers here: the code sends clients to the tag', async () => {
    const { status, body } = await ask(`/v2/library/nginx/referrers/${digest('one')}`);
    expect([status, JSON.parse(body).errors[0].code]).toEqual([404, 'UNSUPPORTED']);
  });
});

describe('what a registry lists', () => {
  const list = () => `/v2/${written()}/team/app/tags/list`;
  beforeAll(() => {
    for (const tag of ['1.0', '1.1', 'latest', `sha256-${'a'.repeat(64)}.sig`])
      registry.push('team/app', tag, tag === 'latest' ? '1.1' : tag);
  });

  it('is the plain list, page by page, with an ETag and 304', async () => {
    const whole = await ask(list());
    const name = `${written()}/team/app`;
    expect(whole.body).toBe(
      JSON.stringify({ name, tags: ['1.0', '1.1', 'latest', `sha256-${'a'.repeat(64)}.sig`] }),
    );
    const { etag = '' } = whole.headers;
    expect((await ask(list(), { 'if-none-match': etag })).status).toBe(304);
    const tags: string[] = [];
    for (let path = `${list()}?n=1&tagType=real`; path !== ''; ) {
      const page = await ask(path);
      expect(page.headers['oci-filters-applied']).toBe('tagType');
      tags.push(...JSON.parse(page.body).tags);
      path = nextOf(page);
    }
    expect(tags).toEqual(['1.0', '1.1', 'latest']);
  });

  it('is an index of descriptors by its Accept, with the digests of the registry', async () => {
    const { status, headers, body } = await ask(`${list()}?tagType=real`, { accept: indexType });
    expect([status, headers['content-type'], headers.warning]).toEqual([200, indexType, undefined]);
    expect(JSON.parse(body).manifests.map((entry: { digest: string }) => entry.digest)).toEqual(
      ['1.0', '1.1', 'latest'].map((tag) => registry.digestOf('team/app', tag)),
    );
  });

  it("is Google's form, whole or refused", async () => {
    const { body } = await ask(`${list()}?manifest=true`);
    const known = registry.digestOf('team/app', '1.1') ?? '';
    expect(JSON.parse(body).manifest[known]).toMatchObject({
      tag: ['1.1', 'latest'],
      mediaType: manifestType,
    });
    expect((await ask(`${list()}?manifest=true&n=2`)).status).toBe(400);
  });

  it('varies by Accept, and by the origin of a page', async () => {
    const { headers } = await ask(list(), { origin: 'https://page.example' });
    expect(headers.vary?.split(/, */).sort()).toEqual(['Accept', 'Origin']);
  });

  it('is named as it is asked for, at every base', async () => {
    const named = async (path: string) => JSON.parse((await ask(path)).body).name;
    expect(await named(`/v2/team/app/tags/list?ns=${registry.host}`)).toBe('team/app');
    expect(await named(`/${written()}/v2/team/app/tags/list`)).toBe('team/app');
  });

  it('is not known if the registry does not know it, or may never be asked', async () => {
    for (const path of [`/v2/${written()}/no/such/tags/list`, '/v2/library/nginx/tags/list']) {
      const { status, body } = await ask(path);
      expect([status, JSON.parse(body).errors[0].code]).toEqual([404, 'NAME_UNKNOWN']);
    }
  });
});

describe('a bad request for a list', () => {
  it.each([
    ['/v2/library/nginx/tags/list?n=x', 400, 'UNSUPPORTED'],
    ['/v2/library/nginx/tags/list?last=%2E%2E%2F', 400, 'UNSUPPORTED'],
    ['/v2/library/..%2Fnginx/tags/list', 400, 'NAME_INVALID'],
    ['/v2/library/nginx/_oci/tag-history/1?before=x', 400, 'UNSUPPORTED'],
    ['/v2/library/nginx/_oci/tag-history/1?digest=md5:1', 400, 'DIGEST_INVALID'],
    ['/v2/library/nginx/_chainguard/history/1?start=x', 400, 'UNSUPPORTED'],
    ['/v2/library/nginx/referrers/latest', 400, 'DIGEST_INVALID'],
    ['/v2/_catalog?n=-1', 400, 'UNSUPPORTED'],
    ['/v2/library/_oci/repositories?last=%00', 400, 'UNSUPPORTED'],
    ['/v2/_catalog/x', 404, 'UNSUPPORTED'],
  ])('%s is answered with %i %s', async (path, status, code) => {
    const answer = await ask(path);
    expect([answer.status, JSON.parse(answer.body).errors[0].code]).toEqual([status, code]);
  });
});
