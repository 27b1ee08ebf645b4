import { expect, it } from 'vitest';
import { maxScopes, scopesIn, TokenScopes } from '../../../src/upstream/token-scopes.ts';

const usual = 'repository:a/b:pull';

it.each([
  [null, []],
  ['', []],
  ['aws', ['aws']],
  [
    ' repository:a/b:pull  registry:catalog:* repository:a/b:pull',
    ['repository:a/b:pull', 'registry:catalog:*'],
  ],
  ['repository:a/b:pull "x"', []],
  ['repository:a/b:pull\tx', []],
  ['repository:ä/b:pull', []],
  [`repository:${'a'.repeat(600)}:pull`, []],
  [Array.from({ length: maxScopes + 1 }, (_, n) => `s${n}`).join(' '), []],
])('scopesIn reads %j as %j', (text, scopes) => {
  expect(scopesIn(text)).toEqual(scopes);
});

it('the usual scope is a guess until a challenge names another one', () => {
  const scopes = new TokenScopes(10);
  expect(scopes.of(usual)).toEqual([usual]);
  expect(scopes.heard(usual, usual)).toEqual([usual]);
  expect(scopes.of('repository:c/d:pull')).toEqual(['repository:c/d:pull']);
  expect(scopes.heard(usual, 'aws')).toEqual(['aws']);
  expect(scopes.of(usual)).toEqual(['aws']);
  expect(scopes.of('repository:c/d:pull')).toBeNull();
  expect(scopes.heard('repository:c/d:pull', null)).toEqual(['repository:c/d:pull']);
  expect(scopes.of('repository:e/f:pull')).toEqual(['repository:e/f:pull']);
});

it('a challenge that wants less than the usual scope gets the usual one', () => {
  const scopes = new TokenScopes(10);
  const wide = 'repository:a/b:pull,metadata_read';
  expect(scopes.heard(wide, 'repository:a/b:metadata_read')).toEqual([wide]);
  expect(scopes.heard(usual, 'repository:a/b:pull,push')).toEqual(['repository:a/b:pull,push']);
});

it('scopes that were refused are not guessed again, and those heard replace too many', () => {
  const scopes = new TokenScopes(10);
  scopes.refused(usual);
  expect(scopes.of(usual)).toBeNull();
  expect(scopes.heard(usual, null)).toEqual([usual]);
  for (let n = 0; n < maxScopes; n += 1) scopes.heard(usual, `s${n}`);
  expect(scopes.of(usual)?.length).toBe(maxScopes);
  expect(scopes.heard(usual, 'one more')).toEqual(['one', 'more']);
});

it('remembers no more repositories than its bound', () => {
  const scopes = new TokenScopes(2);
  for (const name of ['a', 'b', 'c']) scopes.heard(name, 'aws');
  expect(['a', 'b', 'c'].map((name) => scopes.of(name))).toEqual([null, ['aws'], ['aws']]);
});
