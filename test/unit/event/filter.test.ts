import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ManifeedError } from '../../../src/errors.ts';
import { type Change, changeTypes } from '../../../src/event/change.ts';
import { type FilterInput, parseFilter } from '../../../src/event/filter.ts';

const options = { defaultRegistry: 'docker.io', maxRepositories: 10, maxTags: 5 };
const parse = (input: FilterInput) => parseFilter(input, options);

function change(members: Partial<Change> = {}): Change {
  return {
    epoch: 'e0000000',
    sequence: 1,
    type: 'tag.updated',
    registry: 'docker.io',
    repository: 'library/nginx',
    tag: '1.27',
    digest: null,
    previousDigest: null,
    mediaType: null,
    size: null,
    occurredAt: 0,
    recordedAt: 0,
    origin: 'poll',
    ...members,
  };
}

function refusal(input: FilterInput): ManifeedError {
  try {
    parse(input);
  } catch (error) {
    if (error instanceof ManifeedError) return error;
    throw error;
  }
  throw new Error(`accepted: ${JSON.stringify(input)}`);
}

describe('parseFilter, repositories', () => {
  it('takes everything when no repository is given', () => {
    const filter = parse({});
    expect(filter).toMatchObject({ repositories: [], patterns: ['**'], tagScopes: ['*'] });
    expect(filter.matches(change({ registry: 'any.example.com', repository: 'a/b/c' }))).toBe(true);
  });

  it.each([
    ['nginx', 'docker.io/library/nginx'],
    ['docker.io/nginx', 'docker.io/library/nginx'],
    ['index.docker.io/team/app', 'docker.io/team/app'],
    ['Registry.Example.com:5000/a/b', 'registry.example.com:5000/a/b'],
    ['localhost/app', 'localhost/app'],
  ])('canonicalises %s to %s', (text, key) => {
    expect(parse({ repository: [text] }).repositories).toEqual([key]);
  });

  it.each([
    ['**', '**'],
    ['team/**', 'docker.io/team/**'],
    ['nginx*', 'docker.io/library/nginx*'],
    ['docker.io/**', 'docker.io/**'],
    ['index.docker.io/team/*', 'docker.io/team/*'],
    ['*.example.com/team/**', '*.example.com/team/**'],
    ['*.Example.com:5000/team/*', '*.example.com:5000/team/*'],
    ['**/nginx', '**/nginx'],
    ['**:5000/nginx', '**:5000/nginx'],
    ['quay.io/****', 'quay.io/**'],
  ])('canonicalises the pattern %s to %s', (text, pattern) => {
    expect(parse({ repository: [text] }).patterns).toEqual([pattern]);
  });

  it('puts bare names and patterns under the configured default registry', () => {
    const filter = parseFilter(
      { repository: ['base', 'team/*'] },
      { ...options, defaultRegistry: 'registry.example.com:5000' },
    );
    expect(filter.repositories).toEqual(['registry.example.com:5000/base']);
    expect(filter.patterns).toEqual(['registry.example.com:5000/team/*']);
  });

  it.each([
    ['nginx:1.27', /must not hold a tag.*give nginx alone, and tag=1\.27/],
    ['team/*:1.27', /must not hold a tag/],
    [`nginx@sha256:${'a'.repeat(64)}`, /must not hold a digest/],
    ['registry.example.com:5000', /host without a repository.*registry\.example\.com:5000\/\*\*/],
    ['', /lower-case path segments/],
    ['Nginx', /lower-case/],
    ['docker.io/', /lower-case/],
    ['docker.io//*', /lower-case/],
    ['bad_host.example/x', /the host must be/],
    ['bad_host.example/*', /the host must be/],
    ['a b/*', /pattern must have/],
    [`${'a'.repeat(250)}/*`, /at most 256/],
  ])('refuses the repository %s with a hint', (text, hint) => {
    const error = refusal({ repository: [text] });
    expect(error.detail?.parameter).toBe('repository');
    expect(error.message).toMatch(hint);
  });

  it('refuses more repositories than its bound', () => {
    const names = Array.from({ length: 11 }, (_, index) => `r${index}`);
    expect(parse({ repository: names.slice(1) }).repositories).toHaveLength(10);
    expect(refusal({ repository: names }).message).toMatch(/^repository: 11 values: must be at most 10$/);
  });
});

describe('parseFilter, tags', () => {
  it('takes exact tags, globs and ranges, any of which is enough', () => {
    const filter = parse({ tag: ['latest', '1.2*', 'semver:^3.1'] });
    expect(['latest', '1.27', '3.4.0'].map(filter.matchesTag)).toEqual([true, true, true]);
    expect(['Latest', '2.0', '4.0.0'].map(filter.matchesTag)).toEqual([false, false, false]);
    expect(filter.tagScopes).toEqual(['*']);
  });

  it('says what a poll has to look at', () => {
    expect(parse({ tag: ['latest', '1.*'] }).tagScopes).toEqual(['1.*', 'latest']);
    expect(parse({ tag: ['semver:^1'] }).tagScopes).toEqual(['*']);
    expect(parse({ tag: ['**', 'latest'] }).tagScopes).toEqual(['*']);
  });

  it.each([
    ['', /must match/],
    ['.hidden', /must match/],
    ['a'.repeat(129), /must match/],
    [`sha256:${'a'.repeat(64)}`, /digests cannot/],
    ['1.*/2', /tag pattern must consist/],
    ['semver:', /must not be empty/],
    ['semver:nonsense range', /node-semver range/],
    ['*'.repeat(257), /at most 256/],
  ])('refuses the tag %s with a hint', (text, hint) => {
    const error = refusal({ tag: [text] });
    expect(error.detail?.parameter).toBe('tag');
    expect(error.message).toMatch(hint);
  });

  it('refuses more tags than its bound', () => {
    expect(refusal({ tag: ['1', '2', '3', '4', '5', '6'] }).message).toMatch(/at most 5/);
  });
});

describe('parseFilter, types', () => {
  it('takes tag.* unless asked for more', () => {
    const filter = parse({});
    const passing = changeTypes.filter((type) => filter.matches(change({ type })));
    expect(passing).toEqual(['tag.created', 'tag.updated', 'tag.deleted']);
  });

  it.each([
    [['*'], changeTypes],
    [['manifest.*'], ['manifest.pushed', 'manifest.deleted']],
    [
      ['tag.deleted', 'tag.created'],
      ['tag.created', 'tag.deleted'],
    ],
  ])('reads %j', (type, expected) => {
    const filter = parse({ type });
    expect(changeTypes.filter((one) => filter.matches(change({ type: one, tag: null })))).toEqual(expected);
  });

  it('passes a manifest change only where no tag is given', () => {
    const pushed = change({ type: 'manifest.pushed', tag: null });
    expect(parse({ type: ['*'] }).matches(pushed)).toBe(true);
    expect(parse({ type: ['*'], tag: ['*'] }).matches(pushed)).toBe(false);
  });

  it('refuses unknown types and combinations that can match nothing', () => {
    expect(refusal({ type: ['push'] }).message).toMatch(/must be one of tag\.created/);
    expect(refusal({ type: ['push'] }).detail?.parameter).toBe('type');
    expect(refusal({ type: ['manifest.*'], tag: ['1'] }).message).toMatch(/has no tag/);
    expect(refusal({ type: Array.from({ length: 21 }, () => '*') }).message).toMatch(/at most 20/);
  });
});

describe('a filter', () => {
  const repositories = fc.uniqueArray(
    fc.constantFrom('nginx', 'docker.io/nginx', 'quay.io/a/b', 'quay.io/**', 'team/*', '**'),
    { maxLength: 4 },
  );
  const tags = fc.uniqueArray(fc.constantFrom('latest', '1.27', '1.*', 'semver:^1.27', 'semver:^1.27.0'), {
    maxLength: 4,
  });
  const types = fc.uniqueArray(fc.constantFrom('tag.*', 'tag.created', 'tag.updated', '*'), { maxLength: 3 });
  const changes = fc.record({
    type: fc.constantFrom(...changeTypes),
    repository: fc.constantFrom('library/nginx', 'a/b', 'team/app', 'team/app/x'),
    registry: fc.constantFrom('docker.io', 'quay.io'),
    tag: fc.constantFrom('latest', '1.27', '1.28.1', '2'),
  });
  const shuffled = <T>(values: readonly T[]) => [...values, ...values].reverse();

  it('has one key however its values are ordered or repeated', () => {
    fc.assert(
      fc.property(repositories, tags, types, (repository, tag, type) => {
        const wide = { defaultRegistry: 'docker.io', maxRepositories: 100 };
        const once = parseFilter({ repository, tag, type }, wide);
        const again = parseFilter(
          { repository: shuffled(repository), tag: shuffled(tag), type: shuffled(type) },
          wide,
        );
        expect(again.key).toBe(once.key);
      }),
    );
  });

  it('means the same when it is parsed again from its own canonical form', () => {
    fc.assert(
      fc.property(repositories, tags, types, changes, (repository, tag, type, members) => {
        const filter = parse({ repository, tag, type });
        const again = parse({ repository: [...filter.repositories, ...filter.patterns], tag, type });
        expect(again.key).toBe(filter.key);
        expect(again.matches(change(members))).toBe(filter.matches(change(members)));
      }),
    );
  });

  it('matches what each part alone matches', () => {
    fc.assert(
      fc.property(repositories, tags, types, changes, (repository, tag, type, members) => {
        const one = change(members);
        const split =
          parse({ repository, type: ['*'] }).matches(one) &&
          (tag.length === 0 || parse({ tag, type: ['*'] }).matches(one)) &&
          parse({ type }).matches(one);
        expect(parse({ repository, tag, type }).matches(one)).toBe(split);
      }),
    );
  });

  it('throws nothing but named refusals, whatever is asked', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), (repository, tag, type) => {
        try {
          parse({ repository: [repository], tag: [tag], type: [type] });
        } catch (error) {
          expect(error).toBeInstanceOf(ManifeedError);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('parseFilter, platforms', () => {
  const filter = parse({ platform: ['linux/arm64/v8', 'linux/amd64'] });

  it.each<[string, Partial<Change>, boolean]>([
    ['one of them moved', { platforms: {}, movedPlatforms: ['linux/arm64', 'linux/s390x'] }, true],
    ['only others moved', { platforms: {}, movedPlatforms: ['linux/s390x'] }, false],
    ['nothing moved', { platforms: {}, movedPlatforms: [] }, false],
    ['it is not known', { platforms: null }, true],
    ['nobody asked', {}, true],
    ['the tag is created', { type: 'tag.created', platforms: {} }, true],
    ['the tag is deleted', { type: 'tag.deleted' }, true],
  ])('a change passes if %s: %j', (_, members, passes) => {
    expect(filter.matchesRest(change(members))).toBe(passes);
    expect(filter.matches(change(members))).toBe(passes);
    expect(filter.mayReplace(change(members))).toBe(true);
  });

  it('without platforms it judges by tag and type alone, with one function', () => {
    const { matchesRest, mayReplace, key } = parse({ tag: ['1.27'] });
    expect(matchesRest).toBe(mayReplace);
    expect(matchesRest(change({ platforms: {}, movedPlatforms: [] }))).toBe(true);
    expect(key).not.toBe(parse({ tag: ['1.27'], platform: ['linux/amd64'] }).key);
  });

  it('equal platforms in any order and spelling make equal filters', () => {
    expect(parse({ platform: ['linux/amd64', 'linux/arm64', 'linux/aarch64'] }).key).toBe(filter.key);
  });

  it('takes at most twenty, and names the parameter', () => {
    const many = Array.from({ length: 21 }, (_, n) => `linux/cpu${n}`);
    expect(refusal({ platform: many }).detail).toEqual({ parameter: 'platform' });
    expect(parse({ platform: many.slice(1) }).memoryBytes).toBeGreaterThan(0);
  });
});
