import { expect, it } from 'vitest';
import { canonicalRegistry, parseReference, repositoryKey } from '../../../src/event/reference.ts';
import { parseRepositoryText } from '../../../src/event/repository-pattern.ts';
import { isStoredRepository } from '../../../src/event/stored-repository.ts';

it.each([
  ['GHCR.io', 'ghcr.io'],
  ['Index.Docker.IO', 'docker.io'],
  ['registry-1.docker.io', 'docker.io'],
  // As for Docker, whatever port a registry has by default.
  ['ghcr.io:443', 'ghcr.io:443'],
  ['docker.io:443', 'docker.io:443'],
  ['[2001:0db8::1]', '[2001:db8::1]'],
  ['[2001:DB8:0:0:0:0:0:1]:5000', '[2001:db8::1]:5000'],
  ['[2001:db8:0:1:0:0:0:1]', '[2001:db8:0:1::1]'],
  ['[2001:db8:0:0:1:0:0:1]', '[2001:db8::1:0:0:1]'],
  ['[2001:db8:0:1:1:1:1:1]', '[2001:db8:0:1:1:1:1:1]'],
  ['[0:0:0:0:0:0:0:1]:443', '[::1]:443'],
  ['[::FFFF:192.0.2.1]', '[::ffff:c000:201]'],
  ['[::1]:65536', null],
  ['[1:2:3]', null],
  ['[::1::2]', null],
  ['[127.0.0.1]', null],
  ['[::1', null],
  ['::1', null],
  ['ghcr.io.', null],
  ['', null],
  [`${'a'.repeat(300)}.io`, null],
])('the one spelling of the registry %s is %s', (host, canonical) => {
  expect(canonicalRegistry(host)).toBe(canonical);
  if (canonical !== null) expect(canonicalRegistry(canonical)).toBe(canonical);
});

it('an address is one registry in references, filters and patterns, however it is written', () => {
  const key = '[2001:db8::1]:5000/team/app';
  expect(repositoryKey(parseReference('[2001:0DB8::1]:5000/team/app:1'))).toBe(key);
  const options = { defaultRegistry: 'docker.io' };
  expect(parseRepositoryText('[2001:db8:0::1]:5000/team/app', options).canonical).toBe(key);
  expect(parseRepositoryText('[2001:db8:0::1]:5000/team/*', options).canonical).toBe(
    '[2001:db8::1]:5000/team/*',
  );
  expect(isStoredRepository('[2001:db8::1]:5000', 'team/app')).toBe(true);
  expect(isStoredRepository('[2001:0db8::1]:5000', 'team/app')).toBe(false);
});

it.each(['[2001:db8::1]', '[::1]:5000', 'registry.example.com:5000'])(
  'a host without a name is called that, not a tag: %s',
  (host) => {
    expect(() => parseRepositoryText(host, { defaultRegistry: 'docker.io' })).toThrow(
      `repository: "${host}": names a host without a repository: for everything there ask for "`,
    );
  },
);
