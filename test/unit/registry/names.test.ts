import { describe, expect, it } from 'vitest';
import { Names, type NamesOptions, writtenName } from '../../../src/registry/names.ts';

const known = new Set(['docker.io', 'ghcr.io', 'localhost:5000', 'registry:5000']);
const options: NamesOptions = {
  defaultRegistry: 'docker.io',
  serves: (host) => known.has(host),
  known,
  anyHost: false,
};
const names = new Names(options);

function repositoryOf(name: string, before: string | null = null, query = '', of = names): string | null {
  const found = of.repository(of.base(before, new URLSearchParams(query)), name.split('/'));
  return found === null ? null : `${found.registry}/${found.repository}`;
}

describe('the repository of a request', () => {
  it.each([
    ['nginx', 'docker.io/library/nginx'],
    ['library/nginx', 'docker.io/library/nginx'],
    ['docker.io/nginx', 'docker.io/library/nginx'],
    ['docker.io/library/nginx', 'docker.io/library/nginx'],
    ['index.docker.io/nginx', 'docker.io/library/nginx'],
    ['ghcr.io/a/b', 'ghcr.io/a/b'],
    ['localhost_5000/a', 'localhost:5000/a'],
    ['registry_5000/a/b', 'registry:5000/a/b'],
    ['app_2024/a', 'docker.io/app_2024/a'],
    ['quay.io/a/b', 'docker.io/quay.io/a/b'],
  ])('named %s is %s', (name, key) => {
    expect(repositoryOf(name)).toBe(key);
  });

  it.each([
    ['nginx', 'docker.io', 'docker.io/library/nginx'],
    ['a/b', 'ghcr.io', 'ghcr.io/a/b'],
    ['a', 'localhost_5000', 'localhost:5000/a'],
    ['a', 'localhost:5000', 'localhost:5000/a'],
  ])('named %s after /%s/v2/ is %s', (name, before, key) => {
    expect(repositoryOf(name, before)).toBe(key);
  });

  it('is of the registry that ns names, before all else', () => {
    expect(repositoryOf('nginx', null, 'ns=docker.io')).toBe('docker.io/library/nginx');
    expect(repositoryOf('nginx', null, 'ns=registry-1.docker.io')).toBe('docker.io/library/nginx');
    expect(repositoryOf('a/b', 'docker.io', 'ns=ghcr.io')).toBe('ghcr.io/a/b');
    expect(repositoryOf('a', null, 'ns=LOCALHOST:5000')).toBe('localhost:5000/a');
  });

  it('is none if its registry is not served', () => {
    expect(repositoryOf('a/b', null, 'ns=quay.io')).toBeNull();
    expect(repositoryOf('ghcr.io')).toBeNull();
  });

  it('has a host that looks like one, where any registry may be heard of', () => {
    const any = new Names({ ...options, serves: () => true, anyHost: true });
    expect(repositoryOf('quay.io/a', null, '', any)).toBe('quay.io/a');
    expect(repositoryOf('quay.io_8443/a', null, '', any)).toBe('quay.io:8443/a');
    expect(repositoryOf('localhost/a', null, '', any)).toBe('localhost/a');
    expect(repositoryOf('app_2024/a', null, '', any)).toBe('docker.io/app_2024/a');
  });

  it.each([
    'A/b',
    'a//b',
    'a/',
    '..',
    'a/../b',
    'a/_oci',
    'ä',
    'a%2fb',
    'a b',
    `${'a'.repeat(256)}`,
    'a..b',
    '-a',
  ])('is refused if it is named %s', (name) => {
    expect(() => repositoryOf(name)).toThrowError(
      expect.objectContaining({ code: 'NAME_INVALID', status: 400 }),
    );
  });

  it.each(['ns=', 'ns=a%2Fb', `ns=${'a'.repeat(300)}`, 'ns=a_b'])('is refused with %s', (query) => {
    expect(() => repositoryOf('a', null, query)).toThrowError(
      expect.objectContaining({ code: 'UNSUPPORTED', status: 400, detail: { parameter: 'ns' } }),
    );
  });
});

describe('the prefix of a list', () => {
  const prefixOf = (name: string, before: string | null = null) =>
    names.prefix(names.base(before, new URLSearchParams()), name === '' ? [] : name.split('/'));

  it.each([
    ['', null, { registry: null, prefix: null, hostInName: true }],
    ['ghcr.io', null, { registry: 'ghcr.io', prefix: null, hostInName: true }],
    ['ghcr.io/a/b', null, { registry: 'ghcr.io', prefix: 'a/b', hostInName: true }],
    ['library', null, { registry: 'docker.io', prefix: 'library', hostInName: false }],
    ['', 'ghcr.io', { registry: 'ghcr.io', prefix: null, hostInName: false }],
    ['a', 'ghcr.io', { registry: 'ghcr.io', prefix: 'a', hostInName: false }],
    ['a', 'quay.io', null],
  ])('%s after %s is read', (name, before, prefix) => {
    expect(prefixOf(name, before)).toEqual(prefix);
  });

  it('names repositories as a client writes them after the same base', () => {
    const repository = { registry: 'localhost:5000', repository: 'a/b' };
    expect(writtenName(repository, true)).toBe('localhost_5000/a/b');
    expect(repositoryOf(writtenName(repository, true))).toBe('localhost:5000/a/b');
    expect(writtenName(repository, false)).toBe('a/b');
  });
});
