import { afterEach, beforeEach, expect, it } from 'vitest';
import { parseDigest } from '../../../../src/event/digest.ts';
import type { Ledger } from '../../../../src/ledger/ledger.ts';
import { listerOf } from '../../../../src/source/poll/listers/listers.ts';
import { type FakeRegistry, startFakeRegistry } from '../../../support/fake-registry.ts';
import { memoryLedger, quickPoll, type Rig, registryOf, rig } from '../../../support/poll-rig.ts';

let registry: FakeRegistry;
let running: Rig | undefined;
beforeEach(async () => {
  registry = await startFakeRegistry();
});
afterEach(async () => {
  await running?.close();
  running = undefined;
  await registry.close();
});

interface Row {
  readonly tag: string;
  readonly movedAt: number;
}

/** Pushes so that the newest-first APIs below have rows with times. */
class Pushed {
  rows: Row[] = [];
  #time = Date.UTC(2026, 0, 1);
  push(tag: string, content: string): string {
    this.#time += 3_600_000;
    this.rows = [{ tag, movedAt: this.#time }, ...this.rows.filter((row) => row.tag !== tag)];
    return registry.push('team/app', tag, content).digest;
  }
  remove(tag: string): void {
    this.rows = this.rows.filter((row) => row.tag !== tag);
    registry.remove('team/app', tag);
  }
  page(url: URL, name: string): readonly Row[] {
    const page = Number(url.searchParams.get(name) ?? '1');
    return this.rows.slice((page - 1) * pageSize, page * pageSize);
  }
}

const pageSize = 3;
const digestOf = (tag: string) => registry.digestOf('team/app', tag) ?? '';
const iso = (time: number) => new Date(time).toISOString();

interface KindApi {
  readonly path: string;
  /** The page's body, and the path of the next one where the kind uses `Link`. */
  answer(url: URL, pushed: Pushed): { body: unknown; link?: string };
}

function more(url: URL, pushed: Pushed): { more: boolean; next: string } {
  const page = Number(url.searchParams.get('page') ?? '1');
  const next = new URL(url);
  next.searchParams.set('page', String(page + 1));
  return { more: pushed.rows.length > page * pageSize, next: next.pathname + next.search };
}

const apis: Readonly<Record<string, KindApi>> = {
  'docker-hub': {
    path: '/v2/repositories/team/app/tags',
    answer: (url, pushed) => ({
      body: {
        // The public host, as behind a proxy: only the page is to be taken from it.
        next: more(url, pushed).more ? `https://hub.docker.com${more(url, pushed).next}` : null,
        results: pushed
          .page(url, 'page')
          .map(({ tag, movedAt }) => ({ name: tag, last_updated: iso(movedAt), digest: digestOf(tag) })),
      },
    }),
  },
  quay: {
    path: '/api/v1/repository/team/app/tag/',
    answer: (url, pushed) => ({
      body: {
        has_additional: more(url, pushed).more,
        tags: pushed.page(url, 'page').map(({ tag, movedAt }) => ({
          name: tag,
          start_ts: movedAt / 1000,
          manifest_digest: digestOf(tag),
        })),
      },
    }),
  },
  harbor: {
    path: '/api/v2.0/projects/team/repositories/app/artifacts',
    answer: (url, pushed) => ({
      body: pushed.page(url, 'page').map(({ tag, movedAt }) => ({
        digest: digestOf(tag),
        push_time: iso(movedAt),
        tags: [{ name: tag, push_time: iso(movedAt) }],
      })),
      ...(more(url, pushed).more ? { link: `<${more(url, pushed).next}>; rel="next"` } : {}),
    }),
  },
  acr: {
    path: '/acr/v1/team/app/_tags',
    answer: (url, pushed) => ({
      body: {
        tags: pushed
          .page(url, 'page')
          .map(({ tag, movedAt }) => ({ name: tag, lastUpdateTime: iso(movedAt), digest: digestOf(tag) })),
      },
      ...(more(url, pushed).more ? { link: `<${more(url, pushed).next}>; rel="next"` } : {}),
    }),
  },
  gar: {
    path: '/v2/team/app/tags/list',
    answer: (_url, pushed) => ({
      body: {
        tags: pushed.rows.map(({ tag }) => tag),
        manifest: Object.fromEntries(
          pushed.rows.map(({ tag, movedAt }) => [
            digestOf(tag),
            { tag: [tag], timeUploadedMs: String(movedAt) },
          ]),
        ),
      },
    }),
  },
};

function serve(api: KindApi, pushed: Pushed): URL[] {
  const asked: URL[] = [];
  registry.faults.push((_request, response, url) => {
    if (url.pathname !== api.path) return false;
    asked.push(url);
    const { body, link } = api.answer(url, pushed);
    if (link !== undefined) response.setHeader('link', link);
    response.end(JSON.stringify(body));
    return true;
  });
  return asked;
}

async function watch(kind: string, ledger?: Ledger): Promise<Rig> {
  running = await rig(
    {
      registries: [registryOf(registry.host, { kind, metadataEndpoint: registry.url })],
      watch: [{ repository: `${registry.host}/team/app`, tags: ['*'] }],
    },
    ledger === undefined ? {} : { ledger },
  );
  await running.poller.start();
  await running.until(() => running?.observations.some(({ kind: seen }) => seen === 'baseline') === true);
  return running;
}

it.each(Object.entries(apis))(
  '%s: the first look costs no HEADs, later ones only those that moved',
  async (kind, api) => {
    const pushed = new Pushed();
    for (let n = 0; n < 8; n += 1) pushed.push(`v${n}`, `v${n}`);
    const asked = serve(api, pushed);
    const { until, changes } = await watch(kind);
    expect(registry.count('HEAD manifests')).toBe(0);
    const before = digestOf('v0');
    const digest = pushed.push('v0', 'moved');
    await until(() => changes.length === 1);
    expect(changes[0]).toMatchObject({ type: 'tag.updated', tag: 'v0', digest, previousDigest: before });
    const created = pushed.push('v9', 'new');
    await until(() => changes.length === 2);
    expect(changes[1]).toMatchObject({ type: 'tag.created', tag: 'v9', digest: created });
    expect(registry.count('HEAD manifests')).toBe(2);
    expect(registry.count('GET manifests')).toBe(0);
    if (kind === 'gar') return;
    // Newest first: after the first listing one page is enough.
    const pages = asked.map((url) => url.searchParams.get('page') ?? '1');
    expect(pages.slice(0, 3)).toEqual(['1', '2', '3']);
    expect(new Set(pages.slice(3))).toEqual(new Set(['1']));
  },
);

it.each(Object.entries(apis))(
  '%s: the first look lists the tags whole, later ones down to what was known; sizes come with HEADs',
  async (kind, api) => {
    const pushed = new Pushed();
    for (let n = 0; n < 8; n += 1) pushed.push(`v${n}`, `v${n}`);
    serve(api, pushed);
    const ledger = await memoryLedger();
    const { until, changes, observations } = await watch(kind, ledger);
    const listings = () => observations.flatMap((one) => (one.kind === 'listed' ? [one.whole] : []));
    await until(() => listings().length >= 3);
    // Google's list has no pages: each is whole.
    expect(listings().slice(0, 3)).toEqual(kind === 'gar' ? [true, true, true] : [true, false, false]);
    const of = { registry: registry.host, repository: 'team/app' };
    const states = await ledger.states(['v0', 'v1'].map((tag) => ({ ...of, tag })));
    expect(states).toMatchObject([
      { present: true, digest: digestOf('v0'), mediaType: null, size: null },
      { present: true, digest: digestOf('v1'), mediaType: null, size: null },
    ]);
    const { body, mediaType } = registry.push('team/app', 'v0', 'moved');
    pushed.push('v0', 'moved');
    await until(() => changes.length === 1);
    expect(await ledger.states([{ ...of, tag: 'v0' }])).toMatchObject([{ mediaType, size: body.length }]);
    const { repositories } = await ledger.listRepositories({ limit: 1 });
    expect(repositories[0]).toMatchObject({ ...of, tags: 8, polled: true });
    expect(repositories[0]?.listed?.wholeAgeMs).toBeGreaterThanOrEqual(
      repositories[0]?.listed?.readAgeMs ?? 0,
    );
  },
);

it('a short newest-first list is complete at every look, so deletions are seen at once', async () => {
  const pushed = new Pushed();
  pushed.push('a', 'a');
  pushed.push('b', 'b');
  serve(apis.quay as KindApi, pushed);
  const { until, changes } = await watch('quay');
  pushed.remove('a');
  await until(() => changes.length === 1);
  expect(changes[0]).toMatchObject({ type: 'tag.deleted', tag: 'a' });
});

it.each([401, 403, 404, 200])(
  "falls back to tags/list where the kind's own API answers %i without rows",
  async (status) => {
    registry.push('team/app', '1.0', 'one');
    registry.faults.push((_request, response, url) => {
      if (!url.pathname.startsWith('/api/')) return false;
      response.writeHead(status).end('{}');
      return true;
    });
    const { until, changes, observations } = await watch('quay');
    registry.push('team/app', '1.0', 'two');
    await until(() => changes.length === 1);
    await until(() => observations.length > 10);
    // The API that is not to be had is not asked at every look.
    expect(registry.count('GET other')).toBe(1);
  },
);

it('a list that lags behind a webhook does not flip a tag back: HEAD has the last word', async () => {
  const pushed = new Pushed();
  pushed.push('1.0', 'one');
  const old = digestOf('1.0');
  const lagging: KindApi = {
    path: '/v2/repositories/team/app/tags',
    answer: () => ({ body: { next: null, results: [{ name: '1.0', last_updated: iso(1), digest: old }] } }),
  };
  serve(lagging, pushed);
  const { until, changes, ledger, poller } = await watch('docker-hub');
  const { digest } = registry.push('team/app', '1.0', 'two');
  await ledger.record([
    {
      kind: 'tag',
      registry: registry.host,
      repository: 'team/app',
      tag: '1.0',
      digest: parseDigest(digest),
      mediaType: null,
      size: null,
      saidAt: Date.now(),
      origin: 'webhook:test',
    },
  ]);
  await poller.confirm(registry.host, 'team/app');
  const heads = registry.count('HEAD manifests');
  await registry.reached('HEAD manifests', heads + 3);
  await until(() => true);
  expect(changes).toEqual([]);
  const { tags } = await ledger.listTags({ limit: 1 });
  expect(tags[0]?.digest).toBe(digest);
});

it("sends Harbor its credentials with the API, and Docker Hub's and Quay's API none", async () => {
  for (const kind of ['harbor', 'docker-hub', 'quay'] as const) {
    const pushed = new Pushed();
    pushed.push('1.0', 'one');
    serve(apis[kind] as KindApi, pushed);
    running = await rig({
      registries: [
        registryOf(registry.host, { kind, metadataEndpoint: registry.url, username: 'u', password: 'p' }),
      ],
      watch: [{ repository: `${registry.host}/team/app`, tags: ['*'] }],
    });
    await running.poller.start();
    await running.until(() => running?.observations.some(({ kind: seen }) => seen === 'baseline') === true);
    await running.close();
    const path = apis[kind]?.path ?? '';
    const sent = registry.log
      .filter(({ url }) => url.startsWith(path))
      .map(({ authorization }) => authorization);
    expect([kind, sent[0]]).toEqual([kind, kind === 'harbor' ? 'Basic dTpw' : null]);
  }
});

it('knows the kind of the well-known registries by their hosts', () => {
  expect(
    ['docker.io', 'quay.io', 'x.azurecr.io', 'europe-docker.pkg.dev', 'eu.gcr.io', 'ghcr.io'].map(
      (host) => listerOf({ host }).name,
    ),
  ).toEqual(['docker-hub', 'quay', 'acr', 'gar', 'gar', 'generic']);
});

it('spreads the HEADs of a large repository, takes turns, and finds what moved in the end', async () => {
  for (let n = 0; n < 300; n += 1) registry.push('team/app', `t${String(n).padStart(3, '0')}`, `${n}`);
  running = await rig({
    registries: [registryOf(registry.host, { poll: { ...quickPoll, requestsPerSecond: 2_000 } })],
    watch: [{ repository: `${registry.host}/team/app`, tags: ['*'] }],
  });
  const { poller, until, observations, changes } = running;
  await poller.start();
  await until(() => observations.some(({ kind }) => kind === 'baseline'));
  expect(changes).toEqual([]);
  registry.push('team/app', 't250', 'moved');
  await until(() => changes.length === 1);
  expect(changes[0]).toMatchObject({ type: 'tag.updated', tag: 't250' });
});
