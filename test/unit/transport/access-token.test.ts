import { expect, test } from 'vitest';
import { maskToken, tokenInQuery, tokenOf, withoutToken } from '../../../src/transport/head.ts';

const spellings = [
  'access_token',
  'access%5Ftoken',
  'access%5ftoken',
  '%61ccess_token',
  '%61%63cess%5Ftoken',
];

test.each(spellings)('a token under %s is taken, forgotten and masked alike', (name) => {
  const query = `repository=a&${name}=s3cret&tag=1`;
  expect(tokenInQuery(query)).toBe('s3cret');
  expect(tokenOf({ headers: {}, query })).toBe('s3cret');
  expect(withoutToken(query)).toBe('repository=a&tag=1');
  expect(maskToken(`/v1/events?${query}`)).toBe(`/v1/events?repository=a&${name}=***&tag=1`);
});

test('maskToken hides every token of a URL, a misspelt one included, and keeps what is none', () => {
  expect(maskToken('/v1/x?Access_Token=s3cret&access_token=s3cret#f')).not.toContain('s3cret');
  for (const url of [
    '/v1/events',
    '/v1/events?repository=a%20b&access_tokens=1&%',
    '/?',
    '/?=access_token',
  ]) {
    expect(maskToken(url)).toBe(url);
  }
});

test('a query without a token is left as it is', () => {
  for (const query of ['', 'repository=a%2Fb', '%', '%ZZ=access_token', 'access_tokens=1']) {
    expect(tokenInQuery(query)).toBeNull();
    expect(withoutToken(query)).toBe(query);
  }
});
