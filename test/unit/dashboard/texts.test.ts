/** Texts of strangers on the page: where they break, and where a warning leads. */
import { describe, expect, it } from 'vitest';
import { targetOf } from '../../../dashboard/src/gateway/subscribers.ts';
import { partsOfOrigin, splitAtOrigins } from '../../../dashboard/src/lib/breaks.ts';
import { warningHref } from '../../../dashboard/src/lib/warning-place.ts';

describe('a line', () => {
  it.each([
    ['http://127.0.0.1:9104', '|http://127.0.0.1:9104|'],
    ['POST https://ci.example.com:8443/a:1: no', 'POST |https://ci.example.com:8443|/a:1: no'],
    ['OPTIONS http://a:9: no answer', 'OPTIONS |http://a:9:| no answer'],
    ['two: http://a:1, http://b.', 'two: |http://a:1,| |http://b.|'],
    ['nginx:1.27 at 12:30', 'nginx:1.27 at 12:30'],
    ['://', '://'],
    ['', ''],
  ])('with %j breaks before the origin of a URL', (text, parts) => {
    expect(splitAtOrigins(text).join('|')).toBe(parts);
  });

  it.each([
    ['http://127.0.0.1:9104', 'http://|127.0.0.1|:9104'],
    ['https://ci.example.com:8443:', 'https://|ci.example.com|:8443:'],
    ['http://[fe80::1]:80', 'http://|[fe80::1]|:80'],
    ['http://', 'http://'],
  ])('within the origin %s breaks before the host and the port', (text, parts) => {
    expect(partsOfOrigin(text).join('|')).toBe(parts);
  });
});

describe('a warning', () => {
  it.each([
    ['target-disabled', 'gone', '#/targets/gone'],
    ['hook-refused', 'ci', '#/hooks/ci'],
    ['registry-lacks-watched', 'ghcr.io:8443', '#/registries/ghcr.io:8443'],
    ['target-late', null, null],
    ['ledger-full', 'x', null],
    ['constructor', 'x', null],
  ])('%s about %s leads to %s', (code, about, href) => {
    expect(warningHref({ code, about })).toBe(href);
  });
});

describe('a subscriber', () => {
  it.each([
    ['target', 'target:ci', 'ci'],
    ['target', 'target:a:b', 'a:b'],
    ['target', 'target:', null],
    ['target', null, null],
    ['sse', 'target:ci', null],
  ])('of transport %s with token %j is the target %j', (transport, token, name) => {
    expect(targetOf({ transport, token })).toBe(name);
  });
});
