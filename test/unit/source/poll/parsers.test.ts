import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { maxMemoLength } from '../../../../src/cluster/cluster.ts';
import { nextLink } from '../../../../src/source/poll/listers/lister.ts';
import { decodeMemo, encodeMemo, freshMemo } from '../../../../src/source/poll/memo.ts';
import { compileScopes, matcherOf, maxScopes } from '../../../../src/source/poll/scopes.ts';
import { parseChallenge } from '../../../../src/upstream/challenge.ts';
import { credentialsFromDockerConfig } from '../../../../src/upstream/docker-config.ts';
import { isPrivateAddress } from '../../../../src/upstream/private-address.ts';

describe('parseChallenge', () => {
  it('reads a bearer challenge with quoted, bare and escaped values', () => {
    expect(
      parseChallenge(['Bearer realm="https://a.example/t",service="x \\"y\\"",scope=repository:a/b:pull']),
    ).toEqual({
      scheme: 'bearer',
      realm: 'https://a.example/t',
      service: 'x "y"',
      scope: 'repository:a/b:pull',
    });
  });
  it('prefers bearer among several, in one header or in many', () => {
    expect(parseChallenge(['Basic realm="r", Bearer realm="https://a.example"'])?.scheme).toBe('bearer');
    expect(parseChallenge(['Basic realm="r"', 'Bearer realm="https://a.example"'])?.scheme).toBe('bearer');
    expect(parseChallenge(['basic'])).toEqual({ scheme: 'basic' });
  });
  it('gives null for what it does not know, in bounded time for any text', () => {
    expect(parseChallenge([])).toBeNull();
    expect(parseChallenge(['Negotiate'])).toBeNull();
    expect(parseChallenge(['Bearer service="no realm"'])).toBeNull();
    expect(parseChallenge([`Bearer realm="${'a'.repeat(5_000)}"`])).toBeNull();
    fc.assert(fc.property(fc.string({ maxLength: 300 }), (text) => void parseChallenge([`Bearer ${text}`])));
    const startedAt = performance.now();
    parseChallenge([`Bearer ${'a="'.repeat(1_300)}`]);
    // Trying each way to read it would take for ever.
    expect(performance.now() - startedAt).toBeLessThan(10_000);
  });
});

describe('credentialsFromDockerConfig', () => {
  const auth = Buffer.from('user:pa:ss\0\0').toString('base64');
  it('finds a registry by host or URL, and Docker Hub by its old name', () => {
    const config = JSON.stringify({
      auths: {
        'r.example:5000': { auth },
        'https://index.docker.io/v1/': { username: 'hub', password: 'p' },
      },
      credHelpers: { 'h.example': { username: 'static', password: 's' }, 'x.example': 'ecr-login' },
    });
    expect(credentialsFromDockerConfig(config, 'r.example:5000')).toEqual({
      username: 'user',
      password: 'pa:ss',
    });
    expect(credentialsFromDockerConfig(config, 'docker.io')).toEqual({ username: 'hub', password: 'p' });
    expect(credentialsFromDockerConfig(config, 'h.example')).toEqual({ username: 'static', password: 's' });
    expect(credentialsFromDockerConfig(config, 'x.example')).toBeNull();
    expect(credentialsFromDockerConfig(config, 'r.example')).toBeNull();
  });
  it('finds a registry in any spelling of its host, as Docker does, with a scheme and a path', () => {
    const config = JSON.stringify({
      auths: {
        'https://GHCR.io/v2/': { username: 'g', password: 'p' },
        '[2001:0DB8::1]:5000': { username: 'six', password: 'p' },
        'registry.example.com/team': { username: 'team', password: 'p' },
        'not a host': { username: 'x', password: 'p' },
      },
    });
    const nameAt = (host: string) => credentialsFromDockerConfig(config, host)?.username ?? null;
    expect(['ghcr.io', '[2001:db8::1]:5000', 'registry.example.com', 'ghcr.io:443'].map(nameAt)).toEqual([
      'g',
      'six',
      'team',
      null,
    ]);
  });
  it('refuses another file without quoting it', () => {
    for (const text of ['{"auths":7,"x":"hunter2"}', 'hunter2', '[]']) {
      const read = () => credentialsFromDockerConfig(text, 'r.example');
      expect(read).toThrow(/not a Docker config/);
      expect(read).not.toThrow(/hunter2/);
    }
  });
});

describe('nextLink', () => {
  const page = new URL('https://r.example/v2/a/tags/list?n=2');
  it('resolves relative and absolute links of the same host', () => {
    expect(nextLink('</v2/a/tags/list?last=b&n=2>; rel="next"', page)?.href).toBe(
      'https://r.example/v2/a/tags/list?last=b&n=2',
    );
    expect(nextLink('<https://r.example/v2/x>;rel=next', page)?.pathname).toBe('/v2/x');
    expect(nextLink('<?last=c>; title="x"; rel="prev next"', page)?.search).toBe('?last=c');
    expect(nextLink('</first>; rel="first", </next>; rel="next"', page)?.pathname).toBe('/next');
    // A proxy that ends TLS: the registry behind it calls itself http.
    expect(nextLink('<http://r.example/v2/y>; rel="next"', page)?.href).toBe('https://r.example/v2/y');
  });
  it('is null without a next one and throws for another host', () => {
    expect(nextLink('', page)).toBeNull();
    expect(nextLink('</x>; rel="prev"', page)).toBeNull();
    expect(nextLink('nonsense', page)).toBeNull();
    expect(() => nextLink('<https://evil.example/x>; rel="next"', page)).toThrow(/leads to evil.example/);
    expect(() => nextLink('<http://[>; rel="next"', page)).toThrow(/not a URL/);
    expect(() => nextLink(`<?last=${'x'.repeat(8_192)}>; rel="next"`, page)).toThrow(/at most 8192/);
  });
});

it.each([
  '127.0.0.1',
  '10.1.2.3',
  '172.31.0.1',
  '192.168.1.1',
  '169.254.169.254',
  '0.0.0.0',
  '100.64.0.1',
  '::1',
  'fd00::1',
  'fe80::1',
  '::ffff:10.0.0.1',
  '::ffff:7f00:1',
  '64:ff9b::a00:1',
  '64:ff9b:1::a00:1',
  '64:ff9b:1:ffff::8.8.8.8',
  '::127.0.0.1',
  '::7f00:1',
  '::8.8.8.8',
  '::ffff:0:127.0.0.1',
  '::ffff:0:7f00:1',
  'fec0::1',
  'feff::1',
  '168.63.129.16',
  '::ffff:168.63.129.16',
  '::ffff:a83f:8110',
  '0:0:0:0:0:ffff:a83f:8110',
  '::FFFF:127.0.0.1',
  '0:0:0:0:0:ffff:7f00:1',
])('%s is private', (address) => {
  expect(isPrivateAddress(address)).toBe(true);
});

it.each([
  '8.8.8.8',
  '172.32.0.1',
  '168.63.129.15',
  '2606:4700::1111',
  '64:ff9b:2::1',
  '::ffff:8.8.8.8',
  '::ffff:808:808',
])('%s is public', (address) => {
  expect(isPrivateAddress(address)).toBe(false);
});

describe('memo', () => {
  it('survives its text form, within the bound, whatever it holds', () => {
    fc.assert(
      fc.property(
        fc.record({
          intervalMs: fc.integer({ min: 0, max: 10 ** 9 }),
          hours: fc.array(fc.integer({ min: 0, max: 35 }), { minLength: 24, maxLength: 24 }),
          failures: fc.integer({ min: 0, max: 99 }),
          newestAt: fc.option(fc.integer({ min: 0, max: 10 ** 14 })),
          sweptAt: fc.integer({ min: 0, max: 10 ** 14 }),
          cursor: fc.stringMatching(/^(?:[A-Za-z0-9_][A-Za-z0-9._-]{0,127})?$/),
          baselined: fc.stringMatching(/^[0-9a-z.]{0,20}$/),
          plainList: fc.boolean(),
          lostSince: fc.integer({ min: 0, max: 10 ** 14 }),
        }),
        (memo) => {
          const text = encodeMemo(memo);
          expect(text.length).toBeLessThanOrEqual(maxMemoLength);
          expect(decodeMemo(text)).toEqual(memo);
        },
      ),
    );
  });
  it('of a gateway that did not yet note losses is read all the same', () => {
    const memo = { ...freshMemo, intervalMs: 90_000, cursor: 'v1' };
    const older = encodeMemo(memo).split(' ').slice(0, 9).join(' ');
    expect(decodeMemo(older)).toEqual(memo);
  });
  it.each([null, '', '2 a b c d e f g h', '1 x - 0 - 0 - - 0', 'garbage'])('%j counts as none', (text) => {
    expect(decodeMemo(text)).toEqual(freshMemo);
  });
});

describe('scopes', () => {
  it('keeps exact tags and patterns apart, in one order, without what is neither', () => {
    const scopes = compileScopes(['latest', '1.*', 'latest', '../x', '']);
    expect([scopes.all, scopes.exact, scopes.patterns]).toEqual([['1.*', 'latest'], ['latest'], ['1.*']]);
    expect(compileScopes(['1.*', 'latest']).hash).toBe(scopes.hash);
    expect(compileScopes(['1.*']).hash).not.toBe(scopes.hash);
  });
  it('looks at the whole repository where everything, or too much, is asked for', () => {
    expect(compileScopes(['latest', '**']).all).toEqual(['*']);
    const many = Array.from({ length: maxScopes + 1 }, (_, n) => `t${n}`);
    expect(compileScopes(many).all).toEqual(['*']);
    expect(compileScopes(many.slice(1)).all.length).toBe(maxScopes);
  });
  it('matcherOf tells tags of a baselined scope from the rest', () => {
    const isNew = matcherOf(['1.*', 'latest']);
    expect(['1.2', 'latest', '2.0'].map(isNew)).toEqual([true, true, false]);
    expect(matcherOf([])('x')).toBe(false);
  });
});
