import { describe, expect, it } from 'vitest';
import { json, type RegistryEndpoint } from '../../../src/registry/endpoint.ts';
import { maxPathLength, route } from '../../../src/registry/routes.ts';

const handle = () => json({});
const endpoints: readonly RegistryEndpoint[] = [
  { of: 'root', route: [], handle },
  { of: 'root', route: ['_catalog'], handle },
  { of: 'repository', route: ['manifests', '*'], handle },
  { of: 'repository', route: ['tags', 'list'], handle },
  { of: 'prefix', route: ['_oci', 'repositories'], handle },
  { of: 'any-repository', route: ['_oci', 'tag-history', '*'], handle },
];

function routed(path: string): string | null {
  const found = route(endpoints, path);
  return found === null
    ? null
    : `${found.name.join('/')} ${found.endpoint.route.join('/')} ${found.argument}`;
}

describe('the route of a path', () => {
  it.each([
    ['', '  '],
    ['_catalog', ' _catalog '],
    ['a/manifests/b', 'a manifests/* b'],
    ['a/manifests/b/manifests/c', 'a/manifests/b manifests/* c'],
    ['a/manifests/tags/list', 'a/manifests tags/list '],
    ['tags/list/tags/list', 'tags/list tags/list '],
    ['a/manifests/sha256%3Aaa', 'a manifests/* sha256:aa'],
    ['_oci/repositories', ' _oci/repositories '],
    ['a/b/_oci/repositories', 'a/b _oci/repositories '],
    ['a/_oci/tag-history/manifests', 'a _oci/tag-history/* manifests'],
  ])('%s is found from the right', (path, found) => {
    expect(routed(path)).toBe(found);
  });

  it.each(['a', 'manifests/a', 'tags/list', 'a/_catalog', 'a/tags/list/', '_oci/tag-history/a', '/'])(
    '%s is served by nothing',
    (path) => {
      expect(routed(path)).toBeNull();
    },
  );

  it('keeps an encoded slash within its component', () => {
    expect(route(endpoints, 'a%2Fb/manifests/c')?.name).toEqual(['a/b']);
  });

  it.each(['a'.repeat(maxPathLength + 1), 'a%/manifests/b', 'a%ff/manifests/b'])('refuses %.20s', (path) => {
    expect(() => routed(path)).toThrowError(expect.objectContaining({ code: 'NAME_INVALID' }));
  });

  it('refuses a tag or a digest of more than 512 characters', () => {
    expect(routed(`a/manifests/${'b'.repeat(512)}`)).toContain('bbb');
    expect(() => routed(`a/manifests/${'b'.repeat(513)}`)).toThrowError(
      expect.objectContaining({ code: 'DIGEST_INVALID' }),
    );
  });
});
