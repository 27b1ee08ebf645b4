/** Lists of repositories: distribution-spec#611 and `_catalog`, and what is said about them. */
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { type ListAnswer, ListWorld } from '../../../support/list-world.ts';

const hex = 'a'.repeat(64);

let world: ListWorld;
beforeEach(async () => {
  world = await ListWorld.open();
  await world.repositories(
    ...['docker.io/library/nginx', 'a.io/foo', 'a.io/foo/a', 'a.io/foo-b', 'a.io/foobar'],
    ...['r.io/z', 'r.io:5000/a/b', 'r.io.b/x', 'not.served/x'],
  );
});

function namesOf({ text }: ListAnswer): string[] {
  return JSON.parse(text).map(({ name }: { name: string }) => name);
}

const all = [
  'a.io/foo',
  'a.io/foo-b',
  'a.io/foo/a',
  'a.io/foobar',
  'docker.io/library/nginx',
  'r.io.b/x',
  'r.io/z',
  'r.io_5000/a/b',
];

describe('the list of repositories', () => {
  it('is an array of names in byte order, as a client writes them at the same base', async () => {
    const answer = await world.ask('/v2/_oci/repositories');
    expect(namesOf(answer)).toEqual(all);
    expect(answer.headers).toEqual({ 'content-type': 'application/json' });
    expect((await world.ask('/v2/_oci/repositories?n=1')).text).toBe('[{"name":"a.io/foo"}]');
  });

  it.each([
    ['/a.io/v2/_oci/repositories', ['foo', 'foo-b', 'foo/a', 'foobar']],
    ['/docker.io/v2/_oci/repositories', ['library/nginx']],
    ['/v2/library/_oci/repositories', ['library/nginx']],
    ['/v2/_oci/repositories?ns=r.io:5000', ['a/b']],
    ['/r.io_5000/v2/_oci/repositories', ['a/b']],
    ['/a.io/v2/foo/_oci/repositories', ['foo', 'foo/a']],
    ['/v2/a.io/foo/_oci/repositories', ['a.io/foo', 'a.io/foo/a']],
    ['/v2/r.io_5000/_oci/repositories', ['r.io_5000/a/b']],
    ['/v2/r.io_5000/a/_oci/repositories', ['r.io_5000/a/b']],
    ['/v2/no/such/_oci/repositories', []],
  ])('at %s is below the prefix, by whole segments', async (path, names) => {
    expect(namesOf(await world.ask(path))).toEqual(names);
  });

  it.each([
    ['/docker.io/v2/nginx/_oci/repositories', ['library/nginx', 'nginx/unit']],
    ['/v2/docker.io/alpine/_oci/repositories', ['docker.io/alpine/git', 'docker.io/library/alpine']],
    ['/v2/library/_oci/repositories', ['library/alpine', 'library/nginx']],
    ['/v2/nginx/unit/_oci/repositories', ['nginx/unit']],
  ])('at %s has what the short name stands for', async (path, names) => {
    await world.repositories('docker.io/nginx/unit', 'docker.io/alpine/git', 'docker.io/library/alpine');
    expect(namesOf(await world.ask(path))).toEqual(names);
    expect((await world.follow(`${path}?n=1`)).flatMap(namesOf)).toEqual(names);
    const grants = names.map((name) => `docker.io/${name.replace('docker.io/', '')}`);
    expect(namesOf(await world.ask(path, { grants }))).toEqual(names);
  });

  it('is empty and without a link for n=0', async () => {
    const answer = await world.ask('/v2/_oci/repositories?n=0');
    expect([answer.text, answer.next]).toEqual(['[]', null]);
  });

  it.each([
    ['a.io/foo', 'a.io/foo-b'],
    ['a.io', 'a.io/foo'],
    ['a.io/g', 'docker.io/library/nginx'],
    ['docker.io/g', 'docker.io/library/nginx'],
    ['e', 'r.io.b/x'],
    ['r.io/', 'r.io/z'],
    ['r.io_5000/a', 'r.io_5000/a/b'],
    ['r.io_5000/a/b', undefined],
  ])('goes on after %s, which need not exist', async (last, first) => {
    expect(namesOf(await world.ask(`/v2/_oci/repositories?last=${last}`))[0]).toBe(first);
  });

  it('G21: names no repository that the token does not cover, not in a link either', async () => {
    const exact = ['a.io/foo/a', 'r.io/z', 'r.io/absent', 'not.served/x'];
    expect(namesOf(await world.ask('/v2/_oci/repositories', { grants: exact }))).toEqual([
      'a.io/foo/a',
      'r.io/z',
    ]);
    const globs = { grants: ['a.io/*', 'r.io:5000/**'], allows: (key: string) => /o{2}$|5000/.test(key) };
    const pages = await world.follow('/v2/_oci/repositories?n=1', globs);
    expect(pages.map(namesOf)).toEqual([['a.io/foo'], ['r.io_5000/a/b']]);
    expect(pages[0]?.next).toBe('/v2/_oci/repositories?n=1&last=a.io%2Ffoo');
    expect(namesOf(await world.ask('/v2/_oci/repositories', { grants: [] }))).toEqual([]);
  });

  it.each([1_000, 1_001])(
    'asks by name for the repositories of a token, a thousand at most: %i',
    async (count) => {
      const { ledger } = world;
      const listRepositories = ledger.listRepositories.bind(ledger);
      const named = new Set<number>();
      ledger.listRepositories = (query) => {
        const { within } = query;
        if (within !== undefined && 'repositories' in within) named.add(within.repositories.length);
        return listRepositories(query);
      };
      const others = Array.from({ length: count - 1 }, (_, n) => `a.io/x${n}`);
      const grants = ['a.io/foo', ...others];
      expect(namesOf(await world.ask('/v2/_oci/repositories', { grants }))).toEqual(['a.io/foo']);
      expect([...named]).toEqual(count > 1_000 ? [] : [count]);
    },
  );

  it('is below a registry that is served', async () => {
    expect(await world.ask('/v2/_oci/repositories?ns=not.served')).toMatchObject({
      status: 404,
      code: 'NAME_UNKNOWN',
    });
  });

  it.each(['n=-1', 'n=10001', 'last=A', 'last=a%00', `last=${'a'.repeat(600)}`, 'last=%C3%A4'])(
    'refuses %.20s',
    async (query) => {
      for (const path of ['/v2/_oci/repositories', '/v2/_catalog'])
        expect(await world.ask(`${path}?${query}`)).toMatchObject({ status: 400, code: 'UNSUPPORTED' });
    },
  );
});

describe('the catalog', () => {
  it('has the same names in the form of Docker Registry', async () => {
    const answer = await world.ask('/v2/_catalog?n=2');
    expect(answer.text).toBe('{"repositories":["a.io/foo","a.io/foo-b"]}');
    expect(answer.headers).toEqual({
      'content-type': 'application/json',
      link: '</v2/_catalog?n=2&last=a.io%2Ffoo-b>; rel="next"',
    });
    expect((await world.ask('/a.io/v2/_catalog?last=foo/a')).text).toBe('{"repositories":["foobar"]}');
    expect((await world.ask('/v2/_catalog?n=0')).text).toBe('{"repositories":[]}');
    expect((await world.ask('/v2/_catalog', { grants: [] })).text).toBe('{"repositories":[]}');
    expect((await world.ask('/v2/_catalog?ns=not.served')).status).toBe(404);
  });
});

describe('a list of repositories in pages of any size', () => {
  const segment = fc.constantFrom('a', 'a-b', 'a.b', 'b', 'a_b');
  const name = fc
    .tuple(
      fc.constantFrom('docker.io', 'r.io', 'r.io:5000', 'r.io.b'),
      fc.array(segment, { minLength: 2, maxLength: 3 }),
    )
    .map(([host, segments]) => `${host}/${segments.join('/')}`);

  it.each(['/v2/_oci/repositories', '/r.io/v2/_oci/repositories', '/v2/r.io/a/_oci/repositories'])(
    'gives each name once, in byte order: %s',
    async (path) => {
      await fc.assert(
        fc.asyncProperty(
          ...[fc.uniqueArray(name, { maxLength: 25 }), fc.integer({ min: 1, max: 26 }), fc.boolean()],
          async (keys, n, isNarrow) => {
            const some = await ListWorld.open({ maxRowsLookedAt: 4 });
            await some.repositories(...keys);
            const asking = isNarrow ? { grants: keys.filter((_, at) => at % 2 === 0) } : {};
            const whole = namesOf(await some.ask(path, asking));
            const pages = await some.follow(`${path}?n=${n}`, asking);
            expect(pages.flatMap(namesOf)).toEqual(whole);
            expect([...whole].sort()).toEqual(whole);
            expect(pages.length).toBe(Math.max(1, Math.ceil(whole.length / n)));
          },
        ),
        { numRuns: 40 },
      );
    },
  );
});

describe('a request that has read enough', () => {
  /** A row counts for a thousand, so that fifty are enough. */
  async function costly(): Promise<ListWorld> {
    const some = await ListWorld.open({ maxRowsLookedAt: 1 });
    const { ledger } = some;
    const listRepositories = ledger.listRepositories.bind(ledger);
    ledger.listRepositories = async (query) => ({ ...(await listRepositories(query)), looked: 1_000 });
    const keys = Array.from({ length: 120 }, (_, at) => `docker.io/a/r${String(at).padStart(3, '0')}`);
    await some.repositories(...keys);
    return some;
  }

  it('G23: ends its page at the last name that the token covers', async () => {
    const some = await costly();
    const allows = (key: string) => Number(key.slice(-3)) % 40 === 5;
    const pages = await some.follow('/docker.io/v2/_oci/repositories?n=9', {
      grants: ['docker.io/**'],
      allows,
    });
    expect(pages.flatMap(namesOf)).toEqual(['a/r005', 'a/r045', 'a/r085']);
    expect(pages.length).toBeGreaterThan(1);
  });

  it('G23: is refused if it saw none: a link could only tell a name that is not granted', async () => {
    const some = await costly();
    const none = { grants: ['docker.io/**'], allows: () => false };
    const answer = await some.ask('/docker.io/v2/_catalog', none);
    expect(answer).toMatchObject({ status: 400, code: 'UNSUPPORTED', next: null });
    expect(answer.text).not.toMatch(/a\/r\d/);
  });
});

describe('what is said about the extensions', () => {
  it.each(['/v2/_oci/ext/discover', '/v2/library/nginx/_oci/ext/discover', '/r.io/v2/_oci/ext/discover'])(
    'at %s names the endpoints',
    async (path) => {
      const { status, headers, text } = await world.ask(path);
      expect([status, headers['content-type']]).toEqual([200, 'application/json']);
      expect(JSON.parse(text)).toEqual({
        extensions: [
          {
            name: '_oci',
            url: expect.stringMatching(/^https:/),
            description: expect.any(String),
            endpoints: ['_oci/tag-history', '_oci/repositories'],
          },
        ],
      });
    },
  );
});

describe('referrers', () => {
  it('are not served, whatever the repository: clients go on to the tag', async () => {
    for (const path of [
      `/v2/library/nginx/referrers/sha256:${hex}`,
      `/v2/no/such/referrers/sha256:${hex}`,
      `/v2/library/nginx/referrers/sha256%3A${hex}?artifactType=a`,
    ])
      expect(await world.ask(path)).toMatchObject({ status: 404, code: 'UNSUPPORTED' });
    const hidden = await world.ask(`/v2/library/nginx/referrers/sha256:${hex}`, { grants: [] });
    expect(hidden).toEqual(await world.ask(`/v2/no/such/referrers/sha256:${hex}`));
  });

  it.each(['sha256:aa', `md5:${hex}`, 'latest'])('of %.12s are refused: it is no digest', async (digest) => {
    expect(await world.ask(`/v2/library/nginx/referrers/${digest}`)).toMatchObject({
      status: 400,
      code: 'DIGEST_INVALID',
    });
  });
});
