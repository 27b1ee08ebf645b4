import { describe, expect, it } from 'vitest';
import { prefers } from '../../../../src/registry/lists/accept.ts';

const index = 'application/vnd.oci.image.index.v1+json';

describe('an Accept', () => {
  it.each([
    index,
    index.toUpperCase(),
    `text/html, ${index}`,
    `${index}, application/json`,
    `application/json;q=0.9, ${index};q=0.9`,
    `${index}; q=0.5, application/json; q=0.4`,
    `${index}, */*`,
    `${index};q=0.5, application/json;q=0.1, */*`,
    `${index};charset=utf-8;q=1`,
  ])('of %s asks for the index', (accept) => {
    expect(prefers(accept, index, 'application/json')).toBe(true);
  });

  it.each([
    undefined,
    '',
    '*/*',
    'application/*',
    'application/json',
    `${index};q=0`,
    `${index};q=0.5, application/json`,
    `${index};q=0.5, */*`,
    `${index};q=0.5, application/*`,
    `${index};q=2`,
    `${index};q=x`,
    'application/vnd.oci.image.manifest.v1+json',
  ])('of %s does not', (accept) => {
    expect(prefers(accept, index, 'application/json')).toBe(false);
  });

  it('may come in several headers', () => {
    expect(prefers(['application/json;q=0.1', index], index, 'application/json')).toBe(true);
  });
});
