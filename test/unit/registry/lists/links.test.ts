import { describe, expect, it } from 'vitest';
import { linkOf } from '../../../../src/registry/lists/links.ts';

describe('the link to the next page of a list', () => {
  it('leaves out what was not given', () => {
    const base = { registry: null, namespace: null };
    expect(linkOf({ path: '/v2/a/tags/list', base }, { n: null, last: '1.2' })).toEqual({
      link: '</v2/a/tags/list?last=1.2>; rel="next"',
    });
  });

  it('names the registry again that ns named', () => {
    const named = { registry: 'ghcr.io', namespace: 'ghcr.io' };
    expect(linkOf({ path: '/v2/a', base: named }, { last: 'b' }).link).toBe(
      '</v2/a?last=b&ns=ghcr.io>; rel="next"',
    );
  });
});
