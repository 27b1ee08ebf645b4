import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { changedMeaning } from '../../../src/config/patterns.ts';
import { ManifeedError } from '../../../src/errors.ts';
import { parseFilter } from '../../../src/event/filter.ts';
import { compileGlob } from '../../../src/event/glob.ts';
import { parseRepositoryText } from '../../../src/event/repository-pattern.ts';

const defaultRegistry = 'docker.io';
const read = (text: string, options = { defaultRegistry }) => parseRepositoryText(text, options).canonical;
const covers = (text: string, key: string) =>
  parseFilter({ repository: [text] }, { defaultRegistry, maxRepositories: 1 }).matchesRepository(key);

function refusal(text: string, registry = defaultRegistry): string {
  try {
    read(text, { defaultRegistry: registry });
  } catch (error) {
    if (error instanceof ManifeedError) return error.message;
    throw error;
  }
  throw new Error(`accepted: ${text}`);
}

/** Rows of PROTOCOL's table of patterns: what each matches, and what not. */
function protocolExamples() {
  const text = readFileSync(new URL('../../../PROTOCOL.md', import.meta.url), 'utf8');
  const table = text.split('| pattern | matches | does not match |')[1]?.split('\n\n')[0] ?? '';
  const codes = (cell: string | undefined) =>
    [...(cell ?? '').matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '');
  return table
    .split('\n')
    .slice(2)
    .map((row) => row.split('|').slice(1, 4))
    .map(([pattern, matches, others]) => ({
      pattern: codes(pattern)[0] ?? '',
      refused: matches?.includes('refused') ?? false,
      matches: codes(matches),
      others: codes(others),
    }));
}

describe("PROTOCOL's examples of patterns", () => {
  const examples = protocolExamples();

  it('are ten or more', () => {
    expect(examples.length).toBeGreaterThanOrEqual(10);
  });

  it.each(examples.filter((example) => !example.refused))('$pattern', ({ pattern, matches, others }) => {
    expect(matches.length).toBeGreaterThan(0);
    for (const key of matches) expect([key, covers(pattern, key)]).toEqual([key, true]);
    for (const key of others) expect([key, covers(pattern, key)]).toEqual([key, false]);
  });

  it.each(examples.filter((example) => example.refused))(
    '$pattern is refused, and what to write is in the message',
    ({ pattern, matches }) => {
      const message = refusal(pattern);
      expect(matches.length).toBeGreaterThan(0);
      for (const instead of matches) expect(message).toContain(`"${instead}"`);
    },
  );
});

describe('a pattern', () => {
  it.each([
    ['*/a/b', '*/a/b'],
    ['*/*', '*/*'],
    ['*/**', '*/**'],
    ['***/a', '**/a'],
    ['nginx*', 'docker.io/library/nginx*'],
    ['docker.io/nginx*', 'docker.io/library/nginx*'],
    ['*nginx', 'docker.io/library/*nginx'],
    ['*-mirror/app', 'docker.io/*-mirror/app'],
    ['team**', 'docker.io/team**'],
    ['library/*', 'docker.io/library/*'],
    ['*.example.com/**', '*.example.com/**'],
    ['*:5000/app', '*:5000/app'],
    ['registry.**/app', 'registry.**/app'],
    ['localhost/*', 'localhost/*'],
    ['europe-docker.pkg.dev/project/repository/*', 'europe-docker.pkg.dev/project/repository/*'],
  ])('%s is over keys %s', (text, canonical) => {
    expect(read(text)).toBe(canonical);
  });

  it('without a host is in the default registry, and one of "*" is not', () => {
    const options = { defaultRegistry: 'registry.example.com:5000' };
    expect(read('nginx*', options)).toBe('registry.example.com:5000/nginx*');
    expect(read('team/*', options)).toBe('registry.example.com:5000/team/*');
    expect(read('*/team/*', options)).toBe('*/team/*');
    expect(refusal('*', 'registry.example.com:5000')).toContain('"registry.example.com:5000/*"');
  });

  it.each([
    ['*', '"**"'],
    ['docker.io/*', '"docker.io/library/*"'],
    ['index.docker.io/*', '"docker.io/**"'],
    ['ghcr.io/*', '"ghcr.io/OWNER/*"'],
    ['ghcr.io/app*', '"ghcr.io/OWNER/app*"'],
    ['quay.io/*', '"quay.io/**"'],
    ['gcr.io/*', '"gcr.io/**"'],
    ['public.ecr.aws/*', '"public.ecr.aws/**"'],
    ['registry.gitlab.com/*', '"registry.gitlab.com/**"'],
    ['us-docker.pkg.dev/project/*', '"us-docker.pkg.dev/**"'],
    ['*.example.com', '"*.example.com/**"'],
    ['*.example.com:5000', '"*.example.com:5000/**"'],
    ['*:latest', 'give ** alone, and tag=latest'],
    ['**:latest', 'give ** alone, and tag=latest'],
    ['**/nginx:1.27', 'give **/nginx alone, and tag=1.27'],
    ['ghcr.io/team/*:1.27', 'give ghcr.io/team/* alone, and tag=1.27'],
  ])('that no repository can match is refused: %s, with %s instead', (text, instead) => {
    expect(refusal(text)).toContain(instead);
  });

  it.each(['docker.io', 'index.docker.io', 'ghcr.io', 'QUAY.io', 'europe-docker.pkg.dev'])(
    'and a name are more than a well-known host alone: %s',
    (host) => {
      expect(refusal(host)).toContain(`ask for "${host}/**"`);
      expect(refusal(host, 'registry.example.com')).toContain('names a host without a repository');
    },
  );

  it('that is refused for its registry is refused as a bare name there, too', () => {
    expect(refusal('nginx*', 'ghcr.io')).toContain('"ghcr.io/OWNER/nginx*"');
  });

  it('is refused under the name that its place has', () => {
    const parameter = 'access[0].repositories[0]';
    expect(() => parseRepositoryText('Foo', { defaultRegistry, parameter })).toThrow(
      expect.objectContaining({
        message: expect.stringMatching(/^access\[0\]\.repositories\[0\]: "Foo": must be/),
        detail: { parameter },
      }),
    );
  });

  const segment = fc.stringMatching(/^[ab*]{1,3}$/);
  const text = fc
    .tuple(
      fc.constantFrom('', '*/', '**/', 'r.test/', '*.test/', 'docker.io/'),
      fc.array(segment, { minLength: 1, maxLength: 3 }),
    )
    .map(([host, segments]) => `${host}${segments.join('/')}`);

  it('is its own canonical form: reading it again changes nothing', () => {
    fc.assert(
      fc.property(text, (pattern) => {
        let canonical: string;
        try {
          canonical = read(pattern);
        } catch (error) {
          expect(error).toBeInstanceOf(ManifeedError);
          return;
        }
        expect(read(canonical)).toBe(canonical);
      }),
    );
  });

  it('that names a host matches nothing elsewhere (G7)', () => {
    const key = fc
      .tuple(
        fc.constantFrom('r.test', 'x.test', 'docker.io', 'ghcr.io'),
        fc.stringMatching(/^[ab]{1,2}(\/[ab]{1,2}){0,2}$/),
      )
      .map(([host, name]) => `${host}/${name}`);
    fc.assert(
      fc.property(fc.array(segment, { minLength: 1, maxLength: 3 }), key, (segments, repositoryKey) => {
        fc.pre(!repositoryKey.startsWith('r.test/'));
        expect(compileGlob(read(`r.test/${segments.join('/')}`))(repositoryKey)).toBe(false);
      }),
    );
  });
});

describe('a pattern whose meaning has changed', () => {
  it.each([
    ['*/a/b', { now: '*/a/b', before: 'docker.io/*/a/b' }],
    ['team**', { now: 'docker.io/team**', before: 'team**' }],
  ])('%s is told with both meanings', (text, expected) => {
    expect(changedMeaning(text, { defaultRegistry })).toEqual(expected);
  });

  it.each([
    '**',
    '**/x',
    'team/*',
    'nginx*',
    'nginx',
    'ghcr.io/**',
    '*.Example.com/**',
    'index.docker.io/team/*',
    '***',
  ])('%s is none', (text) => {
    expect(changedMeaning(text, { defaultRegistry })).toBeNull();
  });
});
