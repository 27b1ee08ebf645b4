import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ManifeedError } from '../../../src/errors.ts';
import { compileGlob, isGlob, maxGlobLength } from '../../../src/event/glob.ts';

/** The slow, obvious reading: a wildcard either takes one more character or is done. */
function model(pattern: string, text: string): boolean {
  if (pattern === '') return text === '';
  if (pattern.startsWith('**')) {
    const rest = pattern.replace(/^\*+/, '');
    return model(rest, text) || (text !== '' && model(pattern, text.slice(1)));
  }
  if (pattern.startsWith('*')) {
    return model(pattern.slice(1), text) || (text !== '' && text[0] !== '/' && model(pattern, text.slice(1)));
  }
  return text[0] === pattern[0] && model(pattern.slice(1), text.slice(1));
}

describe('compileGlob', () => {
  it.each([
    ['docker.io/library/nginx', 'docker.io/library/nginx', true],
    ['docker.io/library/nginx', 'docker.io/library/nginx2', false],
    ['docker.io/library/*', 'docker.io/library/nginx', true],
    ['docker.io/library/*', 'docker.io/library/nginx/extra', false],
    ['docker.io/library/*', 'docker.io/library/', true],
    ['docker.io/**', 'docker.io/a/b/c', true],
    ['docker.io/**', 'quay.io/a', false],
    ['**', 'anything/at/all', true],
    ['**', '', true],
    ['*', 'a/b', false],
    ['*.example.com/team/**', 'eu.example.com/team/a/b', true],
    ['*.example.com/team/**', 'eu.example.com/other/a', false],
    ['**/nginx', 'docker.io/library/nginx', true],
    ['**/nginx', 'docker.io/library/nginx2', false],
    ['docker.io/*/nginx', 'docker.io/a/b/nginx', false],
    ['1.*-alpine', '1.27.3-alpine', true],
    ['1.*-alpine', '1.27.3-alpine3.20', false],
    ['a*b*c', 'aXbYbZc', true],
    ['***', 'a/b', true],
  ])('reads %s against %s as %s', (pattern, text, expected) => {
    expect(compileGlob(pattern)(text)).toBe(expected);
  });

  it('gives no meaning to other metacharacters', () => {
    expect(compileGlob('a?c')('abc')).toBe(false);
    expect(compileGlob('a?c')('a?c')).toBe(true);
    expect(compileGlob('[ab]*')('a1')).toBe(false);
    expect(compileGlob('a.c*')('abc1')).toBe(false);
  });

  it('agrees with a simple model on any pattern and text', () => {
    const letters = (choice: string) => fc.string({ unit: fc.constantFrom(...choice), maxLength: 8 });
    fc.assert(
      fc.property(letters('ab/*'), letters('ab/'), (pattern, text) => {
        expect(compileGlob(pattern)(text)).toBe(model(pattern, text));
      }),
      { numRuns: 3_000 },
    );
  });

  it('refuses a pattern over its bound', () => {
    expect(() => compileGlob('a'.repeat(maxGlobLength))).not.toThrow();
    expect(() => compileGlob('*'.repeat(maxGlobLength + 1))).toThrow(ManifeedError);
  });

  it('needs bounded time where a backtracking matcher would need exponential time', () => {
    const matches = compileGlob(`${'*a'.repeat(120)}*b`);
    const startedAt = performance.now();
    expect(matches('a'.repeat(510))).toBe(false);
    expect(performance.now() - startedAt).toBeLessThan(10_000);
  });
});

describe('isGlob', () => {
  it('says whether a text has a wildcard', () => {
    expect(isGlob('1.*')).toBe(true);
    expect(isGlob('1.27')).toBe(false);
  });
});
