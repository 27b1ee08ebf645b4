import { describe, expect, it } from 'vitest';
import { type BaseRequest, baseUrlOf } from '../../../../src/http/read/base-url.ts';

const socket = { localAddress: '10.0.0.5', localPort: 8080 };

function urlOf(headers: BaseRequest['headers'], more: { protocol?: string; ips?: string[] } = {}): string {
  const asked = { headers, protocol: 'http', socket, ...more };
  return baseUrlOf(asked as unknown as BaseRequest);
}

describe('the base URL', () => {
  it.each([
    ['gateway.example.com', 'http://gateway.example.com'],
    ['Gateway.Example.com:8443', 'http://gateway.example.com:8443'],
    ['127.0.0.1:8080', 'http://127.0.0.1:8080'],
    ['[2001:DB8::1]:8080', 'http://[2001:db8::1]:8080'],
    ['a', 'http://a'],
  ])('has the host of the request: %s', (host, url) => {
    expect(urlOf({ host })).toBe(url);
  });

  it.each([
    undefined,
    '',
    'a b',
    'a/b',
    'user:pass@a',
    'a"b',
    'a<b>',
    'a?b',
    'a#b',
    'a:port',
    'a:123456',
    '[::1',
    'caf\u00e9',
    'a'.repeat(300),
  ])('has the address that was reached if Host is no host: %s', (host) => {
    expect(urlOf(host === undefined ? {} : { host })).toBe('http://10.0.0.5:8080');
  });

  it.each([
    [{ localAddress: '::ffff:10.0.0.5', localPort: 80 }, 'http://10.0.0.5:80'],
    [{ localAddress: 'fe80::1%eth0', localPort: 80 }, 'http://[fe80::1]:80'],
    [{}, 'http://localhost'],
  ])('writes the address %j as a URL has it', (own, url) => {
    expect(baseUrlOf({ headers: {}, protocol: 'http', socket: own } as unknown as BaseRequest)).toBe(url);
  });

  it('has https or http, whatever the proxy says', () => {
    expect(urlOf({ host: 'a' }, { protocol: 'https' })).toBe('https://a');
    for (const protocol of ['javascript', 'HTTPS"', '', 'wss'])
      expect(urlOf({ host: 'a' }, { protocol })).toBe('http://a');
  });

  it('has the prefix that a trusted proxy took off, and no other', () => {
    const prefixed = (prefix: string, ips?: string[]) =>
      urlOf({ host: 'a', 'x-forwarded-prefix': prefix }, ips === undefined ? {} : { ips });
    const proxied = ['10.0.0.1', '192.0.2.7'];
    expect(prefixed('/tools/manifeed', proxied)).toBe('http://a/tools/manifeed');
    expect(prefixed('/manifeed/', proxied)).toBe('http://a/manifeed');
    for (const ips of [undefined, ['10.0.0.1']]) expect(prefixed('/manifeed', ips)).toBe('http://a');
    for (const odd of [
      'manifeed',
      '//evil.example',
      '/',
      '/a, /b',
      '/a/../b',
      '/..',
      '/a?b',
      '/a"b',
      `/${'a'.repeat(65)}`,
    ])
      expect(prefixed(odd, proxied)).toBe('http://a');
  });

  it('never believes X-Forwarded-Host', () => {
    const headers = { host: 'a', 'x-forwarded-host': 'evil.example' };
    expect(urlOf(headers, { ips: ['10.0.0.1', '192.0.2.7'] })).toBe('http://a');
  });
});
