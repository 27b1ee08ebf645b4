/** What is refused before the ledger is asked: each request gets the right error, and costs no query. */
import type { FastifyInstance } from 'fastify';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type AskedLedger, openAskedLedger } from '../../../support/asked-ledger.ts';
import { indexServer } from '../../../support/index-server.ts';
import { digestOf, tagSeen } from '../../../support/ledger-samples.ts';

let server: FastifyInstance;
let ledger: AskedLedger;

beforeEach(async () => {
  ledger = await openAskedLedger();
  await ledger.record([tagSeen('1.0', 'a', 0), tagSeen('1.1', 'b', 1), tagSeen('1.2', 'c', 2)]);
  server = await indexServer({ ledger, clock: ledger.clock });
});
afterEach(() => server.close());

async function refusal(url: string) {
  const { statusCode, body } = await server.inject(url);
  if (statusCode === 200) throw new Error(`accepted: ${url.slice(0, 200)}`);
  const [error] = JSON.parse(body).errors;
  return { status: statusCode, code: error.code, parameter: error.detail?.parameter, bytes: body.length };
}

const long = 'a'.repeat(10_000);
const host = 'registry.example.com:5000';
const other = encodeURIComponent(`sha512:${'a'.repeat(64)}`);

const table: readonly (readonly [name: string, url: string, parameter: string])[] = [
  ['an unknown parameter', '/v1/tags?limit=3', 'limit'],
  ['a parameter of another endpoint', '/v1/tags?type=*', 'type'],
  ['a name in upper case', '/v1/tags?repository=Base', 'repository'],
  ['a name with dots alone', '/v1/tags?repository=library/../base', 'repository'],
  ['the same, encoded', '/v1/tags?repository=library%2F..%2Fbase', 'repository'],
  ['an encoded slash at the end', '/v1/tags?repository=library%2F', 'repository'],
  ['a name beyond ASCII', '/v1/tags?repository=caf%C3%A9', 'repository'],
  ['a name of 10,000 characters', `/v1/tags?repository=${long}`, 'repository'],
  ['a host of 10,000 characters', `/v1/tags?repository=${long}.example.com/base`, 'repository'],
  ['a name with a tag', '/v1/tags?repository=base:1.0', 'repository'],
  ['a glob of 10,000 characters', `/v1/tags?repository=${long}*`, 'repository'],
  ['a glob of many wildcards', `/v1/tags?repository=${'*a'.repeat(20)}`, 'repository'],
  ['a tag with a slash', '/v1/tags?tag=a%2Fb', 'tag'],
  ['a tag of 10,000 characters', `/v1/tags?tag=${long}`, 'tag'],
  ['a tag beyond ASCII', '/v1/tags?tag=%F0%9F%90%B3', 'tag'],
  ['an empty range', '/v1/tags?tag=semver:', 'tag'],
  ['a range of 10,000 characters', `/v1/tags?tag=semver:${long}`, 'tag'],
  ['a digest of another algorithm', `/v1/tags?digest=md5:${'a'.repeat(32)}`, 'digest'],
  ['a digest of the wrong length', `/v1/tags?digest=${other}`, 'digest'],
  ['a digest in upper case', `/v1/tags?digest=sha256:${'A'.repeat(64)}`, 'digest'],
  ['an empty digest', '/v1/tags?digest=', 'digest'],
  ['two digests', `/v1/tags?digest=${digestOf('a')}&digest=${digestOf('b')}`, 'digest'],
  ['an unknown sort', '/v1/tags?sort=size', 'sort'],
  ['a sort from the prototype', '/v1/tags?sort=constructor', 'sort'],
  ['an unknown order', '/v1/tags?order=down', 'order'],
  ['versions of all repositories', '/v1/tags?sort=semver', 'sort'],
  ['versions of two repositories', '/v1/tags?sort=semver&repository=a&repository=b', 'sort'],
  ['versions of a glob', '/v1/tags?sort=semver&repository=base/*', 'sort'],
  ['n of nought', '/v1/tags?n=0', 'n'],
  ['n beyond a thousand', '/v1/tags?n=1001', 'n'],
  ['n below nought', '/v1/tags?n=-1', 'n'],
  ['n that is no number', '/v1/tags?n=ten', 'n'],
  ['n with a fraction', '/v1/tags?n=1.5', 'n'],
  ['n of 10,000 digits', `/v1/changes?n=${'1'.repeat(10_000)}`, 'n'],
  ['an empty cursor', '/v1/tags?cursor=', 'cursor'],
  ['a cursor that is none', '/v1/tags?cursor=abc', 'cursor'],
  ['a cursor of 10,000 characters', `/v1/tags?cursor=${long}`, 'cursor'],
  ['a position that is none', '/v1/changes?before=12', 'before'],
  ['an empty position', '/v1/changes?before=', 'before'],
  ['a position of 10,000 characters', `/v1/changes?before=${long}-1`, 'before'],
  ['an unknown type', '/v1/changes?type=tag.moved', 'type'],
  ['types that no tag has', '/v1/changes?tag=1&type=manifest.*', 'type'],
  ['an empty prefix', '/v1/repositories?prefix=', 'prefix'],
  ['a slash for a prefix', '/v1/repositories?prefix=/', 'prefix'],
  ['a prefix with dots alone', '/v1/repositories?prefix=a%2F..%2Fb', 'prefix'],
  ['a prefix with a wildcard', '/v1/repositories?prefix=a*', 'prefix'],
  ['a prefix beyond ASCII', '/v1/repositories?prefix=%E2%98%83', 'prefix'],
  ['a prefix of 10,000 characters', `/v1/repositories?prefix=${long}`, 'prefix'],
  ['two prefixes', '/v1/repositories?prefix=a&prefix=b', 'prefix'],
  ['an image of 10,000 characters', `/v1/check?image=${long}`, 'image'],
  ['an image with dots alone', '/v1/check?image=a/../b:1', 'image'],
  ['an image with a bad digest', '/v1/check?image=a@sha256:12', 'image'],
  ['an empty image', '/v1/check?image=', 'image'],
  ['a bad range', '/v1/check?image=a&range=~~', 'range'],
  ['a bad platform', '/v1/check?image=a&platform=linux', 'platform'],
  ['a comparison without a side', '/v1/diff?left=base', 'right'],
  ['a comparison with itself', '/v1/diff?left=base&right=base', 'right'],
  ['the same, written otherwise', `/v1/diff?left=base&right=${host}/base`, 'right'],
  ['the same prefix twice', '/v1/diff?left=a/&right=a/', 'right'],
  ['a prefix beside a repository', '/v1/diff?left=a/&right=base', 'right'],
  ['two left sides', '/v1/diff?left=a&left=b&right=c', 'left'],
  ['an empty side', '/v1/diff?left=&right=base', 'left'],
  ['a slash for a side', '/v1/diff?left=/&right=a/', 'left'],
  ['a side with two slashes', '/v1/diff?left=a/&right=b//', 'right'],
  ['a side with dots alone', '/v1/diff?left=a/../b&right=base', 'left'],
  ['a side with a wildcard', '/v1/diff?left=a*&right=base', 'left'],
  ['a prefix for a side with a wildcard', '/v1/diff?left=a/&right=a*/', 'right'],
  ['a side with a tag', '/v1/diff?left=base:1.0&right=a', 'left'],
  ['a side of 10,000 characters', `/v1/diff?left=a&right=${long}`, 'right'],
  ['a prefix of 10,000 characters for a side', `/v1/diff?left=a/&right=${long}/`, 'right'],
  ['a bad range of a comparison', '/v1/diff?left=a&right=b&tag=semver:~~', 'tag'],
  ['more differences than a thousand', '/v1/diff?left=a&right=b&n=1001', 'n'],
  ['a cursor of a comparison that is none', '/v1/diff?left=a&right=b&cursor=abc', 'cursor'],
  ['orphans of no repository', '/v1/orphans', 'repository'],
  ['orphans of two repositories', '/v1/orphans?repository=a&repository=b', 'repository'],
  ['orphans of a glob', '/v1/orphans?repository=a/*', 'repository'],
  ['orphans of a prefix', '/v1/orphans?repository=a/', 'repository'],
  ['orphans with a tag', '/v1/orphans?repository=a&tag=1', 'tag'],
  ['a flag that is none', '/v1/orphans?repository=a&verify=perhaps', 'verify'],
  ['verifying where nothing may be asked', '/v1/orphans?repository=a&verify=true', 'verify'],
  ['n of nought orphans', '/v1/orphans?repository=a&n=0', 'n'],
  ['a cursor of orphans that is none', '/v1/orphans?repository=a&cursor=abc', 'cursor'],
  ['more than a thousand images', `/v1/check?image=a${'&image=a'.repeat(1_000)}`, 'image'],
];

describe('bad input', () => {
  it.each(table)('%s is refused by its name, and asks the ledger nothing', async (_name, url, parameter) => {
    const refused = await refusal(url);
    expect(refused).toMatchObject({ status: 400, code: 'PARAMETER_INVALID', parameter });
    expect(refused.bytes).toBeLessThan(700);
    expect(ledger.asked).toEqual([]);
  });

  it.each([
    ['/v1/tags?repository=ghcr.io', 'for everything there ask for "ghcr.io/**"'],
    [
      '/v1/diff?left=ghcr.io&right=base',
      'left: "ghcr.io": names a host without a repository: for everything there write "ghcr.io/"',
    ],
    [
      '/v1/diff?left=base&right=registry.example.com:5000',
      'for everything there write "registry.example.com:5000/"',
    ],
    ['/v1/orphans?repository=ghcr.io', 'must have a name behind it, as in "ghcr.io/team/app"'],
  ])('a host alone is refused with what fits there: %s', async (url, hint) => {
    const { body } = await server.inject(url);
    expect(JSON.parse(body).errors[0].message).toContain(hint);
    expect(ledger.asked).toEqual([]);
  });

  it('nothing below what was said to write instead is refused', async () => {
    const { statusCode } = await server.inject('/v1/diff?left=docker.io/&right=docker.io/library/');
    expect(statusCode).toBe(200);
  });

  it.each([
    ['/v1/tags?repository=ghcr.io/a/b', 'repository'],
    ['/v1/diff?left=base&right=ghcr.io/a/b', 'right'],
    ['/v1/orphans?repository=ghcr.io/a/b', 'repository'],
  ])('a registry that is not configured is named: %s', async (url, parameter) => {
    expect(await refusal(url)).toMatchObject({ code: 'REGISTRY_UNKNOWN', parameter });
    expect(ledger.asked).toEqual([]);
  });
});

describe('a cursor', () => {
  const queries = [
    '/v1/tags?n=1',
    '/v1/tags?n=1&order=desc',
    '/v1/tags?n=1&sort=updated',
    '/v1/tags?n=1&tag=1.*',
    '/v1/tags?n=1&repository=base',
    `/v1/tags?n=1&digest=${digestOf('a')}`,
    '/v1/repositories?n=1',
    '/v1/repositories?n=1&prefix=base',
    '/v1/diff?n=1&left=library/base&right=other',
    '/v1/diff?n=1&left=other&right=library/base',
    '/v1/diff?n=1&left=library/base&right=other&tag=1.*',
    '/v1/diff?n=1&left=library/&right=other/',
    '/v1/orphans?n=1&repository=signed',
    '/v1/orphans?n=1&repository=other',
  ];

  it.each([
    ['/v1/tags?n=1', 'tags', 5],
    ['/v1/tags?n=1&sort=updated', 'tags', 5],
    ['/v1/tags?n=1&repository=library/base&sort=semver', 'tags', 2],
    ['/v1/diff?n=1&left=library/base&right=other', 'onlyLeft', 2],
    ['/v1/orphans?n=1&repository=signed', 'orphans', 2],
  ])('of %s is refused by every other query, but not for another n', async (query, list, others) => {
    const signatures = ['x', 'y', 'z'].map((word) => `${digestOf(word).replace(':', '-')}.sig`);
    await ledger.record(signatures.map((tag) => tagSeen(tag, 'signature', 3, { repository: 'signed' })));
    const { next } = (await server.inject(query)).json();
    expect(next).toMatch(/^[\w-]+$/);
    const before = ledger.asked.length;
    for (const another of queries.filter((each) => each !== query)) {
      expect(await refusal(`${another}&cursor=${next}`)).toMatchObject({
        status: 400,
        parameter: 'cursor',
      });
    }
    expect(ledger.asked).toHaveLength(before);
    const rest = await server.inject(`${query.replace('n=1', 'n=5')}&cursor=${next}`);
    expect(rest.json()[list]).toHaveLength(others);
  });

  it('that was made up is refused, whatever it names', async () => {
    for (const place of [
      { path: '../a', tag: '1' },
      { path: 'a b', tag: '1' },
      { path: '', tag: '' },
    ]) {
      const { next } = (await server.inject('/v1/diff?n=1&left=library/base&right=other')).json();
      const [mark] = JSON.parse(Buffer.from(next, 'base64url').toString());
      const cursor = Buffer.from(JSON.stringify([mark, place])).toString('base64url');
      expect(await refusal(`/v1/diff?n=1&left=library/base&right=other&cursor=${cursor}`)).toMatchObject({
        status: 400,
        parameter: 'cursor',
      });
    }
  });
});
