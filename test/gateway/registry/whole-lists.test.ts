/** Lists of tags are whole or refused. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { confirmMs, maxHeads } from '../../../src/registry/relist.ts';
import type { FacadeRules } from '../../../src/registry/tags.ts';
import { newTally } from '../../../src/registry/tally.ts';
import { maxReadings, WholeLists } from '../../../src/registry/whole-lists.ts';
import { listBounds } from '../../../src/source/poll/listers/lister.ts';
import { type FacadeWorld, facadeWorld } from '../../support/facade-world.ts';
import { digestOf } from '../../support/ledger-samples.ts';

let world: FacadeWorld;
let lists: WholeLists;

beforeEach(async () => {
  world = await facadeWorld();
  use({});
});
afterEach(() => world.close());

function use(rules: Partial<FacadeRules>, maxRemembered?: number): void {
  lists = new WholeLists(world.parts(rules, maxRemembered));
}

const require = (name?: string) => lists.requireWhole(world.named(name), newTally());
const listsRead = () => world.registry.count('GET tags');

describe('a list that was never read whole', () => {
  it('is read once for all who ask, and what the index lacks is filled in silence', async () => {
    await world.push('1');
    for (const tag of ['2', '3']) world.registry.push('app', tag, tag);
    const { head } = await world.ledger.bounds();
    await Promise.all([require(), require(), require()]);
    await require();
    expect(listsRead()).toBe(1);
    expect(world.registry.count('HEAD manifests')).toBe(0);
    expect(await world.tags()).toEqual([
      ['1', true],
      ['2', false],
      ['3', false],
    ]);
    expect((await world.ledger.bounds()).head).toBe(head);
  });

  it('G18: is read again once it is older than maxListAge', async () => {
    await world.push('1');
    await require();
    world.pass(59_000);
    await require();
    expect(listsRead()).toBe(1);
    world.pass(2_000);
    await require();
    expect(listsRead()).toBe(2);
  });

  it('stays whole while webhooks are trusted', async () => {
    use({ trusts: () => true });
    await world.push('1');
    await require();
    world.pass(86_000_000);
    await require();
    expect(listsRead()).toBe(1);
  });

  it('G18: is refused if the registry does not answer, and not asked again at once', async () => {
    await world.push('1');
    world.registry.faults.push((_request, response) => {
      response.writeHead(503).end();
      return true;
    });
    for (let n = 0; n < 3; n += 1)
      await expect(require()).rejects.toMatchObject({
        status: 429,
        code: 'TOOMANYREQUESTS',
        retryAfterMs: expect.any(Number),
      });
    expect(listsRead()).toBe(1);
  });

  it('is refused for good if its registry is not configured', async () => {
    const repository = { registry: 'away.example', repository: 'app' };
    const unknown = { tag: '1', digest: null, mediaType: null, size: null, origin: 'webhook:test' };
    await world.ledger.record([{ kind: 'tag', ...repository, ...unknown }]);
    await expect(lists.requireWhole({ repository, name: 'app' }, newTally())).rejects.toMatchObject({
      status: 404,
      code: 'UNSUPPORTED',
    });
  });

  it('is not asked for if nobody named the repository yet, unless it may be', async () => {
    world.registry.push('app', '1', 'one');
    await expect(require()).rejects.toMatchObject({ code: 'NAME_UNKNOWN' });
    expect(listsRead()).toBe(0);
    use({ onDemand: true });
    await require();
    expect(await world.tags()).toEqual([['1', false]]);
    await expect(require('none')).rejects.toMatchObject({ code: 'NAME_UNKNOWN' });
  });

  it('is refused if it is too long to be read, and not tried again for an hour', async () => {
    await world.push('1');
    const many = Array.from({ length: 1_000 }, (_, n) => `t${n}`);
    let page = 0;
    use({ onDemand: true }, 2);
    world.registry.faults.push((request, response) => {
      if (request.url?.includes('/tags/list') !== true) return false;
      page += 1;
      const link = `</v2/app/tags/list?last=${page}>; rel="next"`;
      response.writeHead(200, { 'content-type': 'application/json', link });
      response.end(JSON.stringify({ name: 'app', tags: many.map((tag) => `${tag}-${page}`) }));
      return true;
    });
    await expect(require()).rejects.toMatchObject({ status: 404, code: 'UNSUPPORTED' });
    const before = page;
    await expect(require()).rejects.toMatchObject({ status: 404, code: 'UNSUPPORTED' });
    expect(page).toBe(before);
    // Only the newest of such names are remembered.
    for (const name of ['b', 'c']) await expect(require(name)).rejects.toMatchObject({ status: 404 });
    const after = page;
    await expect(require()).rejects.toMatchObject({ status: 404, code: 'UNSUPPORTED' });
    expect(page).toBeGreaterThan(after);
  });
});

describe('lists that are read at once', () => {
  it('are few: each may be long', async () => {
    use({ onDemand: true });
    const held: (() => void)[] = [];
    world.registry.faults.push((_request, response) => {
      held.push(() => response.end('{"tags":["1"]}'));
      return true;
    });
    const first = Array.from({ length: maxReadings }, (_, n) => require(`r${n}`));
    // As many as the poller's client lets through.
    while (held.length === 0) await new Promise((pass) => setImmediate(pass));
    await expect(require('one-more')).rejects.toMatchObject({ code: 'TOOMANYREQUESTS' });
    world.registry.faults.length = 0;
    for (let n = 0; n < maxReadings; n += 1) world.registry.push(`r${n}`, '1', '1');
    for (const answer of held) answer();
    await Promise.all(first);
    world.registry.push('one-more', '1', '1');
    await require('one-more');
  });
});

describe('a list that is read again', () => {
  it('has a tag that is news with its digest, and announces it', async () => {
    await world.push('1');
    await require();
    await world.ledger.record([
      { kind: 'baseline', ...world.named().repository, scope: '*', origin: 'poll' },
    ]);
    const { head } = await world.ledger.bounds();
    world.registry.push('app', '2', 'two');
    world.pass(61_000);
    await require();
    expect(await world.tags()).toEqual([
      ['1', true],
      ['2', true],
    ]);
    const { changes } = await world.ledger.history({ of: world.named().repository, limit: 1 });
    expect(changes[0]).toMatchObject({ type: 'tag.created', tag: '2', sequence: head + 1 });
  });

  it('announces more news than it may ask for without a digest', async () => {
    await world.push('0');
    await require();
    await world.ledger.record([
      { kind: 'baseline', ...world.named().repository, scope: '*', origin: 'poll' },
    ]);
    for (let n = 0; n < maxHeads + 5; n += 1) world.registry.push('app', `n${n}`, 'one');
    world.pass(61_000);
    await require();
    expect(world.registry.count('HEAD manifests')).toBe(maxHeads);
    const known = await world.tags();
    expect(known).toHaveLength(maxHeads + 6);
    expect(known.filter(([, hasDigest]) => !hasDigest)).toHaveLength(5);
  });

  it('deletes what is gone, after a 404 of the tag itself', async () => {
    for (const tag of ['1', '2', '3']) await world.push(tag);
    await require();
    world.registry.remove('app', '2');
    world.pass(61_000);
    await require();
    expect((await world.tags()).map(([tag]) => tag)).toEqual(['1', '3']);
    expect(world.registry.count('HEAD manifests')).toBe(1);
  });

  it('keeps a tag that the list lacks and the registry has', async () => {
    for (const tag of ['1', '2', '3']) await world.push(tag);
    world.registry.faults.push((request, response) => {
      if (request.url?.includes('/tags/list') !== true) return false;
      response.writeHead(200).end('{"name":"app","tags":["1","3"]}');
      return true;
    });
    await require();
    expect((await world.tags()).map(([tag]) => tag)).toEqual(['1', '2', '3']);
  });

  it('G18: that lacks most known tags is refused, and believed when it is read again later', async () => {
    for (const tag of ['1', '2']) await world.push(tag);
    world.registry.remove('app', '1');
    world.registry.remove('app', '2');
    await expect(require()).rejects.toMatchObject({ status: 429 });
    expect(await world.tags()).toHaveLength(2);
    world.pass(confirmMs + 1);
    await require();
    expect(await world.tags()).toEqual([]);
  });

  it('that lacked most known tags is remembered for a bounded number of repositories, the newest', async () => {
    use({}, 2);
    const names = ['a', 'b', 'c'];
    for (const name of names) {
      const about = { ...world.named(name).repository, mediaType: null, size: null, origin: 'webhook:test' };
      await world.ledger.record([{ kind: 'tag', ...about, tag: '1', digest: digestOf(name) }]);
      await expect(require(name)).rejects.toMatchObject({ status: 429 });
    }
    world.pass(confirmMs + 1);
    await expect(require('a')).rejects.toMatchObject({ status: 429 });
    await require('c');
  });

  it('is too long if more tags are known than it may have', async () => {
    const parts = world.parts();
    let n = 0;
    async function* endless() {
      for (;;) yield { tag: `t${n++}`, digest: null };
    }
    await world.push('1');
    lists = new WholeLists({ ...parts, ledger: { ...parts.ledger, knownTags: endless } });
    await expect(require()).rejects.toMatchObject({ status: 404, code: 'UNSUPPORTED' });
    expect(n).toBe(listBounds.maxTags + 1);
  });

  it('of a polled repository leaves what is missing to the poller', async () => {
    await world.close();
    world = await facadeWorld({ watch: ['*'] });
    use({ maxListAgeMs: 60_000 });
    for (const tag of ['1', '2', '3']) await world.push(tag);
    await require();
    world.registry.remove('app', '2');
    world.pass(61_000);
    await require();
    expect(world.registry.count('HEAD manifests')).toBe(0);
    expect((await world.tags()).map(([tag]) => tag)).toEqual(['1', '2', '3']);
  });
});
