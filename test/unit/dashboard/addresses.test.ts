/** Addresses of screens, and the names that stand in them. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { screenOf } from '../../../dashboard/src/app/screen-of.ts';
import { docsUrl } from '../../../dashboard/src/lib/docs-url.ts';
import { parseRepository, parseTag, repositoryText } from '../../../dashboard/src/lib/reference.ts';
import { hrefOf, parseRoute } from '../../../dashboard/src/lib/route.ts';

describe('the address of a screen', () => {
  it('names the screen, what it is about, and how it is narrowed', () => {
    const query = new URLSearchParams({ repository: 'nginx' });
    const href = hrefOf('tag', 'localhost:5000/a b:1.27', query);
    expect(href).toBe('#/tag/localhost:5000/a%20b:1.27?repository=nginx');
    expect(parseRoute(href)).toEqual({ screen: 'tag', rest: 'localhost:5000/a b:1.27', query });
  });

  it('comes back as it was, whatever it is about', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (rest, value) => {
        const query = new URLSearchParams({ value });
        expect(parseRoute(hrefOf('tag', rest, query))).toEqual({ screen: 'tag', rest, query });
      }),
    );
  });

  it.each(['', '#', '#/', '/'])('"%s" is the first screen', (hash) => {
    expect(parseRoute(hash)).toMatchObject({ screen: '', rest: '' });
  });

  it('that cannot be decoded is taken as it is', () => {
    expect(parseRoute('#/tag/%E0%A4%A')).toMatchObject({ screen: 'tag', rest: '%E0%A4%A' });
  });
});

describe('screenOf', () => {
  const View = () => null;
  const screens = [
    { name: 'now', title: 'Now', key: 'n', group: 'operators', View },
    { name: 'tag', title: 'Tag', key: null, group: null, View },
    { name: 'changes', title: 'Changes', key: 'c', group: 'users', View },
  ] as const;
  const access = { name: 'ci', repositories: ['**'], metrics: false, unpaced: false };
  const of = (hash: string, admin: boolean) =>
    screenOf(screens, parseRoute(hash), {
      ...access,
      ...{ admin, defaultRegistry: 'docker.io', gateway: 'eu-1' },
    })?.name;

  it('begins with the first screen that the token is for', () => {
    expect(of('', true)).toBe('now');
    expect(of('', false)).toBe('changes');
  });

  it('finds a screen by its name, also one that the token does not show: it says why', () => {
    expect(of('#/now', false)).toBe('now');
    expect(of('#/tag/a/b:1', false)).toBe('tag');
  });

  it('finds none of an unknown name', () => {
    expect(of('#/nothing', true)).toBeUndefined();
  });
});

describe('names', () => {
  it('of repositories have a host', () => {
    const name = { registry: 'localhost:5000', repository: 'team/app' };
    expect(parseRepository('localhost:5000/team/app')).toEqual(name);
    expect(repositoryText(name)).toBe('localhost:5000/team/app');
    expect(['nginx', '/nginx', 'docker.io/', ''].map(parseRepository)).toEqual([null, null, null, null]);
  });

  it('of tags end with a colon and the tag; a port is none', () => {
    expect(parseTag('localhost:5000/app:1.27')).toEqual({
      ...{ registry: 'localhost:5000', repository: 'app', tag: '1.27' },
    });
    expect(['localhost:5000/app', 'docker.io/a:', 'a:1'].map(parseTag)).toEqual([null, null, null]);
  });
});

it('a link to the documents leads to the file and heading that the gateway names', () => {
  expect(docsUrl('docs/operating.md#restore')).toMatch(/^https:.*\/docs\/operating\.md#restore$/);
});
