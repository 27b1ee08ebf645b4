import { describe, expect, it } from 'vitest';
import type { Observation } from '../../../../src/event/observation.ts';
import { type Listing, listBounds, type TagRow } from '../../../../src/source/poll/listers/lister.ts';
import { compileScopes } from '../../../../src/source/poll/scopes.ts';
import { wholeOf } from '../../../../src/source/poll/whole-list.ts';
import type { Exchange } from '../../../../src/upstream/exchange.ts';
import { memoryLedger, pollerOf, viewOf } from '../../../support/poll-rig.ts';
import { registryHeaders } from '../../../support/registry-headers.ts';
import { seeded, VirtualClock } from '../../../support/virtual-clock.ts';

const host = 'registry.example';
const of = { registry: host, repository: 'team/app' };
const intervalMs = 60_000;
const digest = `sha256:${'a'.repeat(64)}`;
const answerMs = 5;

/** What the registry serves; the test changes it. */
interface Tags {
  readonly listed: Set<string>;
  /** Tags whose HEAD is answered by 500. */
  readonly broken: Set<string>;
  repositoryExists: boolean;
}

/** A registry and a poller with a budget of 16 HEADs a look, on virtual time. */
async function world(tags: readonly string[], scopes: readonly string[] = ['*']) {
  const clock = new VirtualClock();
  const ledger = await memoryLedger(clock);
  const seen: Observation[] = [];
  const state: Tags = { listed: new Set(tags), broken: new Set(), repositoryExists: true };
  const exchange: Exchange = {
    async send({ url, method }) {
      await clock.sleep(answerMs);
      return method === 'GET' ? listOf(state) : headOf(state, url.pathname.split('/').at(-1) ?? '');
    },
    async close() {},
  };
  const poll = { minIntervalMs: intervalMs, maxIntervalMs: intervalMs, concurrency: 4, onDemand: false };
  const poller = pollerOf({
    registries: [{ host, poll: { ...poll, intervalMs, requestsPerSecond: 2 } }],
    watch: [{ repository: `${host}/team/app`, tags: scopes }],
    ledger: viewOf(ledger, (observations) => seen.push(...observations)),
    exchangeFor: () => exchange,
    clock,
    random: seeded(1),
  });
  await poller.start();
  return {
    state,
    intervals: (count: number) => clock.run(clock.monotonic() + count * intervalMs),
    /** What was said about lists since the last call. */
    listed: () => seen.splice(0).filter((one) => one.kind === 'listed'),
    states: (names: readonly string[]) => ledger.states(names.map((tag) => ({ ...of, tag }))),
    list: async () => (await ledger.listRepositories({ limit: 10 })).repositories[0],
    close: () => poller.close(),
  };
}

function listOf({ listed, repositoryExists }: Tags) {
  const body = repositoryExists ? { tags: [...listed] } : { errors: [{ code: 'NAME_UNKNOWN' }] };
  return { status: repositoryExists ? 200 : 404, headers: {}, body: Buffer.from(JSON.stringify(body)) };
}

function headOf({ listed, broken, repositoryExists }: Tags, tag: string) {
  const found = repositoryExists && listed.has(tag);
  const headers = {
    'docker-content-digest': digest,
    'content-type': 'application/vnd.oci.image.manifest.v1+json',
    'content-length': '1234',
  };
  const status = broken.has(tag) ? 500 : found ? 200 : 404;
  return { status, headers: status === 200 ? headers : registryHeaders, body: Buffer.alloc(0) };
}

const tagsOf = (count: number) => Array.from({ length: count }, (_, n) => `v${String(n).padStart(3, '0')}`);

describe('a poll that read the whole list', () => {
  it('says so after all else, as of the moment at which it asked for the list', async () => {
    const { intervals, listed, list, close } = await world(['1.0', '1.1']);
    await intervals(1.5);
    const [first] = listed();
    expect(first).toEqual({
      ...{ kind: 'listed', ...of, whole: true, looked: true, origin: 'poll' },
      // Two HEADs came after it, and the second waited half a second for its place in the budget.
      ageMs: 1_000 + answerMs,
    });
    expect(await list()).toMatchObject({
      ...of,
      tags: 2,
      polled: true,
      listed: { wholeAgeMs: expect.any(Number) },
    });
    await close();
  });
  it('says so at every look, also if nothing changed', async () => {
    const { intervals, listed, close } = await world(['1.0']);
    await intervals(10.5);
    expect(listed().length).toBeGreaterThanOrEqual(9);
    await close();
  });
  it('leaves in the index size and media type, as the HEADs gave them', async () => {
    const { intervals, states, close } = await world(['1.0']);
    await intervals(1.5);
    const mediaType = 'application/vnd.oci.image.manifest.v1+json';
    expect(await states(['1.0'])).toMatchObject([{ present: true, digest, mediaType, size: 1234 }]);
    await close();
  });
  it('counts a repository without tags as whole', async () => {
    const { intervals, listed, close } = await world([]);
    await intervals(1.5);
    expect(listed()).toMatchObject([{ whole: true }]);
    await close();
  });
});

describe('a poll says nothing of its list', () => {
  it('if it looks at some tags only', async () => {
    for (const scopes of [['1.*'], ['1.0'], ['1.*', 'latest']]) {
      const { intervals, listed, close } = await world(['1.0', 'latest', '2.0'], scopes);
      await intervals(3.5);
      expect(listed()).toEqual([]);
      await close();
    }
  });
  it('while new tags wait for their HEADs', async () => {
    const { intervals, listed, list, close } = await world(tagsOf(250));
    await intervals(1.05);
    expect([listed(), (await list())?.listed]).toEqual([[], null]);
    await intervals(4);
    expect(listed()[0]).toMatchObject({ whole: true });
    expect(await list()).toMatchObject({ tags: 250, listed: { wholeAgeMs: expect.any(Number) } });
    await close();
  });
  it('while a new tag cannot be asked for, however often it fails, and says it once that is over', async () => {
    const { state, intervals, listed, close } = await world(['1.0', 'broken']);
    state.broken.add('broken');
    await intervals(20);
    expect(listed()).toEqual([]);
    state.broken.clear();
    await intervals(3);
    expect(listed()[0]).toMatchObject({ whole: true });
    await close();
  });
  it('although a known tag that fails does not hinder it', async () => {
    const { state, intervals, listed, close } = await world(['1.0', 'broken']);
    await intervals(1.5);
    listed();
    state.broken.add('broken');
    await intervals(5);
    expect(listed().length).toBeGreaterThan(2);
    await close();
  });
  it('while most tags are gone and this is not believed yet', async () => {
    const { state, intervals, listed, list, close } = await world(tagsOf(20));
    await intervals(1.5);
    listed();
    state.listed.clear();
    await intervals(1);
    expect([listed(), (await list())?.tags]).toEqual([[], 20]);
    await intervals(3);
    expect(listed()[0]).toMatchObject({ whole: true });
    expect((await list())?.tags).toBe(0);
    await close();
  });
  it('if the registry does not know the repository', async () => {
    const { state, intervals, listed, list, close } = await world([]);
    state.repositoryExists = false;
    await intervals(3.5);
    expect([listed(), await list()]).toEqual([[], undefined]);
    await close();
  });
});

describe('wholeOf', () => {
  const row = (tag: string): [string, TagRow] => [tag, { tag, digest: null, movedAt: null }];
  const listing: Listing = {
    rows: new Map([row('new'), row('old')]),
    ...{ end: 'complete', askedAt: 0, invalidTags: 0, unknownName: false },
  };
  const evidence = {
    scopes: compileScopes(['*']),
    listing,
    plan: { tags: ['new', 'old'], turnFrom: 1, fills: [], backlog: false },
    known: new Map([['old', digest]]),
    asked: new Set(['new']),
    isDoubtful: false,
  };

  it('tells a list that was read to its end from one that was read down to what was known', () => {
    expect(wholeOf(evidence)).toBe(true);
    expect(wholeOf({ ...evidence, listing: { ...listing, end: 'caught-up' } })).toBe(false);
  });
  it('is null for a list that a bound cut, or whose pages went round', () => {
    for (const end of ['bounded', 'looping'] as const)
      expect(wholeOf({ ...evidence, listing: { ...listing, end } })).toBeNull();
  });
  it('is null if the ledger knows more tags than were compared', () => {
    const known = new Map(tagsOf(listBounds.maxTags).map((tag) => [tag, digest]));
    expect(wholeOf({ ...evidence, known })).toBeNull();
  });
  it('is null with a backlog, without an answer for a new tag, and in doubt', () => {
    expect(wholeOf({ ...evidence, plan: { ...evidence.plan, backlog: true } })).toBeNull();
    expect(wholeOf({ ...evidence, asked: new Set(['old']) })).toBeNull();
    expect(wholeOf({ ...evidence, isDoubtful: true })).toBeNull();
  });
});
