import { describe, expect, it } from 'vitest';
import { nextLink } from '../../../../src/registry/lists/link.ts';

describe('a link to the next page', () => {
  const base = { registry: null, namespace: null };

  it('is path-absolute, and leaves out what was not given', () => {
    expect(nextLink({ path: '/v2/a/tags/list', base }, { n: null, last: '1.2' })).toEqual({
      link: '</v2/a/tags/list?last=1.2>; rel="next"',
    });
  });

  it('has no semicolon within, whatever a parameter holds', () => {
    const { link } = nextLink({ path: '/v2/a', base }, { last: 'a;b>c"d&e f' });
    expect(link).toBe('</v2/a?last=a%3Bb%3Ec%22d%26e+f>; rel="next"');
  });

  it('names the registry again that ns named', () => {
    const named = { registry: 'ghcr.io', namespace: 'ghcr.io' };
    expect(nextLink({ path: '/v2/a', base: named }, { last: 'b' }).link).toBe(
      '</v2/a?last=b&ns=ghcr.io>; rel="next"',
    );
  });
});
