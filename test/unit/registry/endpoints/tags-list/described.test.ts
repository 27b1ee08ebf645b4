/** The list with descriptors. */
import { beforeEach, describe, expect, it } from 'vitest';
import { manifestUnknown, tooManyRequests } from '../../../../../src/registry/errors.ts';
import { maxLooks } from '../../../../../src/registry/lists/described.ts';
import { digestOf, lookedAt, manifestType, tagGone } from '../../../../support/ledger-samples.ts';
import { ListWorld, nginx } from '../../../../support/list-world.ts';
import { bare, described, entriesOf, indexType, list, refsOf } from '../../../../support/tag-lists.ts';

const start = '2026-01-01T00:00:00.000Z';

let world: ListWorld;
beforeEach(async () => {
  world = await ListWorld.open();
});

describe('the list with descriptors', () => {
  it('is asked for by its exact Accept, and is an image index by name', async () => {
    await world.record(lookedAt('1.27', 'one', 0, { ...nginx, mediaType: indexType, size: 10_229 }));
    world.clock.advance(120);
    await world.record(lookedAt('1.27', 'two', 0, { ...nginx, mediaType: indexType, size: 10_230 }));
    const { epoch } = await world.ledger.bounds();
    const answer = await world.ask(list, described);
    expect(answer.headers).toEqual({ 'content-type': indexType, vary: 'Accept' });
    expect(answer.text).toBe(
      `{"schemaVersion":2,"mediaType":"${indexType}","manifests":[{"mediaType":"${indexType}","size":10230,` +
        `"digest":"${digestOf('two')}","annotations":{"org.opencontainers.image.ref.name":"1.27",` +
        `"org.opencontainers.image.ref.created":"2026-01-01T00:00:00.120Z",` +
        `"io.manifeed.tag.first-seen":"${start}"}}],"annotations":{"io.manifeed.position":"${epoch}-2"}}`,
    );
    expect((await world.ask(list, { accept: '*/*' })).headers['content-type']).toBe('application/json');
  });

  it('is sorted as asked: by name ascending, by time descending unless said otherwise', async () => {
    for (const tag of ['b', 'c', 'a']) {
      await world.tags(tag);
      world.clock.advance(1_000);
    }
    const order = async (query: string) => refsOf(await world.ask(`${list}?${query}`, described)).join('');
    expect(await order('')).toBe('abc');
    expect(await order('sort_by=name')).toBe('abc');
    expect(await order('sort_order=desc')).toBe('cba');
    expect(await order('sort_by=created_at')).toBe('acb');
    expect(await order('sort_by=created_at&sort_order=asc')).toBe('bca');
  });

  it('links with n, order and a cursor, and gives the position with the first page only', async () => {
    await world.tags('a', 'b', 'c');
    const first = await world.ask(`${list}?n=2&sort_by=created_at`, described);
    expect(first.next).toMatch(/\?n=2&sort_by=created_at&sort_order=desc&cursor=[\w-]+$/);
    expect(JSON.parse(first.text).annotations).toEqual({ 'io.manifeed.position': expect.any(String) });
    const second = await world.ask(first.next ?? '', described);
    expect([refsOf(second).length, second.next]).toEqual([1, null]);
    expect(JSON.parse(second.text).annotations).toBeUndefined();
  });

  it('gives the head before the first page as position: what changes meanwhile comes after it', async () => {
    await world.tags('a', 'b');
    const { epoch, head } = await world.ledger.bounds();
    const page = await world.ask(`${list}?n=1`, described);
    await world.tags('c');
    expect(JSON.parse(page.text).annotations['io.manifeed.position']).toBe(`${epoch}-${head}`);
  });

  it('goes on after last, by name ascending only', async () => {
    await world.tags('a', 'b', 'c');
    expect(refsOf(await world.ask(`${list}?last=a`, described))).toEqual(['b', 'c']);
    for (const query of ['sort_by=created_at', 'sort_order=desc', 'sort_by=created_at&sort_order=asc'])
      expect(await world.ask(`${list}?last=a&${query}`, described)).toMatchObject({
        status: 400,
        code: 'UNSUPPORTED',
      });
  });

  it('has 100 entries unless asked for more, and at most 1,000', async () => {
    await world.tags(...Array.from({ length: 120 }, (_, at) => `t${at}`));
    expect(refsOf(await world.ask(list, described))).toHaveLength(100);
    expect(refsOf(await world.ask(`${list}?n=1000`, described))).toHaveLength(120);
    expect((await world.ask(`${list}?n=1001`, described)).status).toBe(400);
  });

  it.each([
    ['sort_by', 'sort_by=size'],
    ['sort_by', 'sort_by='],
    ['sort_order', 'sort_order=down'],
    ['cursor', 'cursor=x'],
    ['cursor', 'cursor='],
    ['cursor', `cursor=${'a'.repeat(10_000)}`],
    ['cursor', `cursor=${Buffer.from('[1,2,3]').toString('base64url')}`],
    ['cursor', `cursor=${Buffer.from('{}').toString('base64url')}`],
  ])('refuses a bad %s: %.60s', async (parameter, query) => {
    const answer = await world.ask(`${list}?${query}`, described);
    expect(answer).toMatchObject({ status: 400, code: 'UNSUPPORTED' });
    expect(JSON.parse(answer.text).errors[0].detail).toEqual({ parameter });
  });

  it('G24: refuses the cursor of another list', async () => {
    await world.tags('a', 'b');
    await world.repositories('r.io/a');
    const cursor = new URL(
      (await world.ask(`${list}?n=1`, described)).next ?? '',
      'http://a',
    ).searchParams.get('cursor');
    const others = [
      `${list}?cursor=${cursor}&sort_order=desc`,
      `${list}?cursor=${cursor}&sort_by=created_at&sort_order=asc`,
      `${list}?cursor=${cursor}&tagType=real`,
      `${list}?cursor=${cursor}&last=a`,
      `/v2/r.io/a/tags/list?cursor=${cursor}`,
    ];
    for (const other of others) expect(await world.ask(other, described)).toMatchObject({ status: 400 });
    expect((await world.ask(`${list}?cursor=${cursor}&n=5`, described)).status).toBe(200);
  });
});

describe('a tag without a descriptor', () => {
  it('takes what another row, the repository or the manifest store knows', async () => {
    await world.record(bare('a', 'one'), lookedAt('b', 'one', 0, nginx), bare('c', 'three'));
    const three = { digest: digestOf('three'), mediaType: manifestType, size: 77 };
    await world.ledger.manifests.put({ ...three, bytes: null, children: [], platforms: null });
    const answer = await world.ask(list, described);
    expect(entriesOf(answer).map(({ size }) => size)).toEqual([1_003, 1_003, 77]);
    expect([answer.headers.warning, world.looks]).toEqual([undefined, []]);
  });

  it('is asked for at the registry once, and kept', async () => {
    await world.record(bare('a'), bare('b'));
    world.registry = async (key) => world.record(lookedAt(key.slice(-1), key.slice(-1), 0, nginx));
    expect(refsOf(await world.ask(list, described))).toEqual(['a', 'b']);
    expect(world.looks).toEqual(['docker.io/library/nginx:a', 'docker.io/library/nginx:b']);
    expect(refsOf(await world.ask(list, described))).toEqual(['a', 'b']);
    expect(world.looks).toHaveLength(2);
  });

  it('is left out with a warning if the registry cannot be asked, and nobody else is asked then', async () => {
    await world.record(
      ...Array.from({ length: 30 }, (_, at) => bare(`t${at}`)),
      lookedAt('x', 'x', 0, nginx),
    );
    world.registry = async () => {
      throw tooManyRequests('ask the registry: not now', 1_000);
    };
    const answer = await world.ask(list, described);
    expect([refsOf(answer), answer.headers.warning]).toEqual([['x'], '299 - "30 tags left out"']);
    expect(world.looks.length).toBeLessThan(30);
    const single = await world.ask(`${list}?n=1`, described);
    expect(single.headers.warning).toBe('299 - "1 tag left out"');
  });

  it('has no digest until the registry says it', async () => {
    await world.record({ ...bare('a'), digest: null });
    world.registry = async () => world.record(lookedAt('a', 'one', 0, nginx));
    expect(entriesOf(await world.ask(list, described)).map(({ digest }) => digest)).toEqual([
      digestOf('one'),
    ]);
  });

  it('has the descriptor that the registry says, though the ledger has seen something newer', async () => {
    await world.record(bare('a'));
    world.registry = async () => ({ digest: digestOf('older'), mediaType: manifestType, size: 5 });
    expect(entriesOf(await world.ask(list, described))[0]).toMatchObject({
      digest: digestOf('older'),
      size: 5,
    });
  });

  it('that the registry does not have any more is no tag', async () => {
    await world.record(bare('a'), lookedAt('b', 'b', 0, nginx));
    world.registry = async () => {
      await world.record({ ...tagGone('a', 0, nginx), looked: true });
      throw manifestUnknown('library/nginx', 'a');
    };
    const answer = await world.ask(list, described);
    expect([refsOf(answer), answer.headers.warning]).toEqual([['b'], undefined]);
  });

  it('of which the registry may not be asked is left out, and others are asked for', async () => {
    await world.record(bare('a'), bare('b'));
    world.registry = async (key) => {
      if (key.endsWith('a')) throw manifestUnknown('library/nginx', 'a');
      return { digest: digestOf('b'), mediaType: manifestType, size: 5 };
    };
    const answer = await world.ask(list, described);
    expect([refsOf(answer), answer.headers.warning]).toEqual([['b'], '299 - "1 tag left out"']);
  });

  it('is looked for at most so many times in one request', async () => {
    await world.record(...Array.from({ length: maxLooks + 20 }, (_, at) => bare(`t${at}`)));
    world.registry = async (key) => {
      const tag = key.slice(key.lastIndexOf(':') + 1);
      await world.record(lookedAt(tag, tag, 0, nginx));
    };
    const answer = await world.ask(`${list}?n=500`, described);
    expect(world.looks).toHaveLength(maxLooks);
    expect(answer.headers.warning).toBe('299 - "20 tags left out"');
  });

  it('is asked for eight at a time', async () => {
    await world.record(...Array.from({ length: 30 }, (_, at) => bare(`t${at}`)));
    let underWay = 0;
    let most = 0;
    world.registry = async () => {
      underWay += 1;
      most = Math.max(most, underWay);
      await new Promise((pass) => setImmediate(pass));
      underWay -= 1;
      return { digest: digestOf('one'), mediaType: manifestType, size: 5 };
    };
    expect(entriesOf(await world.ask(list, described))).toHaveLength(30);
    expect(most).toBe(8);
  });

  it('does not hide a fault that is our own', async () => {
    await world.record(bare('a'));
    world.registry = async () => {
      throw new TypeError('a fault');
    };
    await expect(world.ask(list, described)).rejects.toThrow('a fault');
  });
});
