/** The three forms of `tags/list`: names, an index of descriptors, and Google's. */
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import type { TagObserved } from '../../../../src/event/observation.ts';
import { manifestUnknown, tooManyRequests } from '../../../../src/registry/errors.ts';
import { maxLooks } from '../../../../src/registry/lists/described.ts';
import { digestOf, lookedAt, manifestType, tagGone } from '../../../support/ledger-samples.ts';
import { type ListAnswer, ListWorld, nginx } from '../../../support/list-world.ts';

const list = '/v2/library/nginx/tags/list';
const indexType = 'application/vnd.oci.image.index.v1+json';
const described = { accept: indexType };
const hex = 'a'.repeat(64);
const start = '2026-01-01T00:00:00.000Z';

let world: ListWorld;
beforeEach(async () => {
  world = await ListWorld.open();
});

function tagsOf({ text }: ListAnswer): string[] {
  return JSON.parse(text).tags;
}

interface Entry {
  readonly mediaType: string;
  readonly size: number;
  readonly digest: string;
  readonly annotations: Record<string, string>;
}

function entriesOf({ text }: ListAnswer): Entry[] {
  return JSON.parse(text).manifests;
}

function refsOf(answer: ListAnswer): (string | undefined)[] {
  return entriesOf(answer).map(({ annotations }) => annotations['org.opencontainers.image.ref.name']);
}

/** A tag without media type and size, as some registries list it. */
function bare(tag: string, word = tag): TagObserved {
  return lookedAt(tag, word, 0, { ...nginx, mediaType: null, size: null });
}

describe('the plain list', () => {
  it('reads no further once the client has left', async () => {
    await world.tags(...Array.from({ length: 3_000 }, (_, at) => `t${at}`));
    let steps = 0;
    const { code } = await world.ask(list, { isGone: () => ++steps > 2 });
    expect({ code, steps }).toEqual({ code: 'TOOMANYREQUESTS', steps: 3 });
  });

  it('has the name as the client wrote it, and the tags in byte order', async () => {
    await world.tags('b', 'B', '1.10', '1.9', '_x', 'a-b', 'a.b', 'latest');
    const answer = await world.ask(list);
    expect(answer.text).toBe(
      '{"name":"library/nginx","tags":["1.10","1.9","B","_x","a-b","a.b","b","latest"]}',
    );
    expect(answer.headers).toEqual({
      'content-type': 'application/json',
      etag: expect.stringMatching(/^"[\w-]{43}"$/),
      vary: 'Accept',
    });
    expect((await world.ask('/v2/docker.io/nginx/tags/list')).text).toMatch(/^\{"name":"docker\.io\/nginx",/);
  });

  it('is empty, never null, for a repository without tags and for n=0', async () => {
    expect((await world.ask(list)).text).toBe('{"name":"library/nginx","tags":[]}');
    await world.tags('a');
    const none = await world.ask(`${list}?n=0`);
    expect([tagsOf(none), none.next]).toEqual([[], null]);
  });

  it('links to the next page only if there is one', async () => {
    await world.tags('a', 'b', 'c', 'd');
    const first = await world.ask(`${list}?n=2`);
    expect([tagsOf(first), first.headers.link]).toEqual([['a', 'b'], `<${list}?n=2&last=b>; rel="next"`]);
    const second = await world.ask(first.next ?? '');
    expect([tagsOf(second), second.next]).toEqual([['c', 'd'], null]);
  });

  it('goes on after a last that need not exist, and an empty last is none', async () => {
    await world.tags('a', 'c');
    expect(tagsOf(await world.ask(`${list}?last=b`))).toEqual(['c']);
    expect(tagsOf(await world.ask(`${list}?last=`))).toEqual(['a', 'c']);
    expect(tagsOf(await world.ask(`${list}?last=z`))).toEqual([]);
  });

  it('names the registry of ns in its link', async () => {
    await world.tags('a', 'b');
    const page = await world.ask(`${list}?ns=docker.io&n=1`);
    expect(page.headers).toMatchObject({ 'oci-namespace': 'docker.io' });
    expect(page.next).toBe(`${list}?n=1&last=a&ns=docker.io`);
  });

  it('has another ETag once the list or its link is another', async () => {
    await world.tags('a');
    const etag = async (query: string) => (await world.ask(`${list}${query}`)).headers.etag;
    const before = [await etag(''), await etag('?n=1')];
    expect([await etag(''), await etag('?n=1')]).toEqual(before);
    await world.tags('b');
    expect(await etag('')).not.toBe(before[0]);
    // The same names, but there is a next page now.
    expect(await etag('?n=1')).not.toBe(before[1]);
  });

  it('has only tags of its repository', async () => {
    await world.repositories('docker.io/library/ngin', 'docker.io/library/nginx-b', 'a.io/z', 'r.io/a');
    await world.tags('own');
    expect(tagsOf(await world.ask(list))).toEqual(['own']);
  });

  it('G18: is given only of a list that is whole; parameters are checked before the registry is asked', async () => {
    await world.tags('a');
    world.notWhole.add('docker.io/library/nginx');
    for (const query of ['', '?n=0', '?manifest=true'])
      expect(await world.ask(`${list}${query}`)).toMatchObject({ status: 404, code: 'NAME_UNKNOWN' });
    expect(await world.ask(list, described)).toMatchObject({ status: 404, code: 'NAME_UNKNOWN' });
    world.wholes.length = 0;
    expect((await world.ask(`${list}?n=-1`)).status).toBe(400);
    expect(world.wholes).toEqual([]);
  });

  it('G21: is of an unknown repository where the token does not cover it, byte for byte', async () => {
    await world.tags('a');
    world.notWhole.add('docker.io/library/absent');
    const grants = ['docker.io/library/absent'];
    const hidden = await world.ask(list, { grants });
    const absent = await world.ask('/v2/library/absent/tags/list', { grants });
    expect(hidden).toMatchObject({ status: 404, code: 'NAME_UNKNOWN' });
    expect(hidden.text.replace('nginx', 'absent')).toBe(absent.text);
    expect(world.wholes).toEqual(['docker.io/library/absent']);
  });

  it.each([
    ['n', 'n=-1'],
    ['n', 'n=1.5'],
    ['n', 'n='],
    ['n', 'n=x'],
    ['n', 'n=10001'],
    ['n', 'n=99999999999999999999'],
    ['n', 'n=1&n=2'],
    ['last', 'last=a%2Fb'],
    ['last', 'last=%C3%A4'],
    ['last', `last=${'a'.repeat(129)}`],
    ['tagType', 'tagType=other'],
    ['manifest', 'manifest=yes'],
  ])('refuses a bad %s: %s', async (parameter, query) => {
    const answer = await world.ask(`${list}?${query}`);
    expect(answer).toMatchObject({ status: 400, code: 'UNSUPPORTED' });
    expect(JSON.parse(answer.text).errors[0]).toMatchObject({
      message: expect.stringContaining(`read ${parameter}: must be `),
      detail: { parameter },
    });
  });

  it('ignores parameters that it does not know', async () => {
    await world.tags('a');
    expect(tagsOf(await world.ask(`${list}?orderby=time&sort_by=nonsense&cursor=x&_=1`))).toEqual(['a']);
  });
});

describe('tagType', () => {
  const attached = [`sha256-${hex}`, `sha256-${hex}.sig`, `sha256-${hex}.att`, `sha256-${hex}.sbom`];
  const real = ['1.0', `sha256-${hex}.exe`, 'sha256-short', `sha256-${'A'.repeat(64)}`];

  it('keeps the tags that stand for a digest, or the others, and says so', async () => {
    await world.tags(...attached, ...real);
    const ofDigest = await world.ask(`${list}?tagType=digest`);
    expect(tagsOf(ofDigest)).toEqual([...attached].sort());
    expect(ofDigest.headers['oci-filters-applied']).toBe('tagType');
    expect(tagsOf(await world.ask(`${list}?tagType=real`))).toEqual([...real].sort());
    expect((await world.ask(list)).headers['oci-filters-applied']).toBeUndefined();
  });

  it('counts n and Link by what is left', async () => {
    await world.tags(...attached, ...real);
    const pages = await world.follow(`${list}?n=3&tagType=real`);
    expect(pages.map((page) => tagsOf(page).length)).toEqual([3, 1]);
    expect(pages[0]?.next).toContain('&tagType=real&last=');
    const indexes = await world.follow(`${list}?n=2&tagType=digest`, described);
    expect(indexes.map((page) => entriesOf(page).length)).toEqual([2, 2]);
  });
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

describe("Google's list", () => {
  it('has every digest with its tags, numbers as strings, and tags without a digest by name only', async () => {
    await world.record(lookedAt('latest', 'one', 0, nginx));
    world.clock.advance(5);
    await world.record(lookedAt('a', 'one', 0, nginx), bare('b', 'two'), { ...bare('c'), digest: null });
    const uploaded = Date.parse(start);
    expect(JSON.parse((await world.ask(`${list}?manifest=true`)).text)).toEqual({
      child: [],
      manifest: {
        [digestOf('one')]: {
          imageSizeBytes: '0',
          layerId: '',
          mediaType: manifestType,
          tag: ['a', 'latest'],
          timeCreatedMs: '0',
          timeUploadedMs: String(uploaded),
        },
        [digestOf('two')]: {
          ...{ imageSizeBytes: '0', layerId: '', mediaType: '', tag: ['b'] },
          ...{ timeCreatedMs: '0', timeUploadedMs: String(uploaded + 5) },
        },
      },
      name: 'library/nginx',
      tags: ['a', 'b', 'c', 'latest'],
    });
  });

  it('is whole or refused', async () => {
    await world.tags('a', 'b', 'c');
    expect((await world.ask(`${list}?manifest=true&n=3`)).status).toBe(200);
    for (const query of ['n=2', 'n=0', 'last=a'])
      expect(await world.ask(`${list}?manifest=true&${query}`)).toMatchObject({
        status: 400,
        code: 'UNSUPPORTED',
        next: null,
      });
    expect(JSON.parse((await world.ask(`${list}?manifest=false`)).text).manifest).toBeUndefined();
  });
});

describe('pages of any size', () => {
  const tag = fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,3}$/);
  const forms: readonly { query: string; accept?: string }[] = [
    { query: '' },
    { query: '&tagType=real' },
    { query: '', accept: indexType },
    { query: '&sort_order=desc', accept: indexType },
    { query: '&sort_by=created_at', accept: indexType },
    { query: '&sort_by=created_at&sort_order=asc&tagType=real', accept: indexType },
  ];

  it.each(forms)('G24: give the whole list once: $query $accept', async ({ query, ...asking }) => {
    const namesOf = (page: ListAnswer) => (asking.accept === undefined ? tagsOf(page) : refsOf(page));
    await fc.assert(
      fc.asyncProperty(
        ...[fc.uniqueArray(tag, { maxLength: 20 }), fc.integer({ min: 1, max: 22 })],
        async (tags, n) => {
          const some = await ListWorld.open();
          await some.repositories('docker.io/library/nginw', 'docker.io/library/nginy', 'a.io/b');
          for (const one of tags) {
            await some.tags(one);
            some.clock.advance(one.length % 3);
          }
          const pages = await some.follow(`${list}?n=${n}${query}`, asking);
          const whole = await some.ask(`${list}?n=1000${query}`, asking);
          expect(pages.flatMap(namesOf)).toEqual(namesOf(whole));
          expect([...namesOf(whole)].sort()).toEqual([...tags].sort());
          expect(pages.length).toBe(Math.max(1, Math.ceil(tags.length / n)));
        },
      ),
      { numRuns: 25 },
    );
  });

  it('G23: come to an end though one request may read only some rows, and name no other repository', async () => {
    const some = await ListWorld.open({ maxRowsLookedAt: 7 });
    const others = Array.from({ length: 60 }, (_, at) =>
      lookedAt(`t${at}`, 'x', 0, { registry: 'a.io', repository: 'b' }),
    );
    await some.record(...others);
    await some.tags('a', 'b', 'c');
    expect(tagsOf(await some.ask(list))).toEqual(['a', 'b', 'c']);
    expect(refsOf(await some.ask(`${list}?sort_by=created_at`, described)).sort()).toEqual(['a', 'b', 'c']);
  });
});
