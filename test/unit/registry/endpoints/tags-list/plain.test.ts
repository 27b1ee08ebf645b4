/** The list of names, and what `tagType` keeps of it. */
import { beforeEach, describe, expect, it } from 'vitest';
import { ListWorld } from '../../../../support/list-world.ts';
import { described, entriesOf, list, tagsOf } from '../../../../support/tag-lists.ts';

const hex = 'a'.repeat(64);

let world: ListWorld;
beforeEach(async () => {
  world = await ListWorld.open();
});

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
