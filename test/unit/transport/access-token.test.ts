import { expect, test } from 'vitest';
import { maskToken, requestTokenOf, tokenInQuery, withoutToken } from '../../../src/transport/head.ts';

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
  expect(requestTokenOf({ headers: {}, url: `/v1/events?${query}` })).toBe('s3cret');
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

test('only GET and HEAD may have the token as the password of Basic', () => {
  const basic = (pair: string) => `Basic ${Buffer.from(pair).toString('base64')}`;
  const tokenOf = (method: string, authorization: string) =>
    requestTokenOf({ method, url: '/v1/pace?access_token=other', headers: { authorization } });
  expect(tokenOf('GET', basic('anyone:s3c:ret'))).toBe('s3c:ret');
  expect(tokenOf('HEAD', basic(':s3cret'))).toBe('s3cret');
  // Not "no token": that would be open access, or the one in the query.
  for (const method of ['PUT', 'POST', 'DELETE'])
    expect(tokenOf(method, basic(':s3cret'))).toMatch(/^Basic /);
  for (const value of ['Basic', 'Basic ?', basic('no colon')]) expect(tokenOf('GET', value)).toBe(value);
});
