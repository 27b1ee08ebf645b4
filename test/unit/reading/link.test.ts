import { describe, expect, it } from 'vitest';
import { nextLink } from '../../../src/reading/link.ts';

const linkOf = (parameters: Record<string, string>) => nextLink('/v2/a', new URLSearchParams(parameters));

describe('a link to the next page', () => {
  it('is path-absolute, and has no semicolon within, whatever a parameter holds', () => {
    expect(linkOf({ last: 'a;b>c"d&e f' })).toBe('</v2/a?last=a%3Bb%3Ec%22d%26e+f>; rel="next"');
  });

  it('has no token, in whatever spelling it came', () => {
    expect(linkOf({ access_token: 'secret', last: 'b' })).toBe('</v2/a?last=b>; rel="next"');
    const query = new URLSearchParams('access%5Ftoken=secret&last=b');
    expect(nextLink('/v2/a', query)).toBe('</v2/a?last=b>; rel="next"');
    expect(query.has('access_token')).toBe(true);
  });
});
