/** Texts of strangers on the page: where they break, and where a warning leads. */
import { describe, expect, it } from 'vitest';
import { targetOf } from '../../../dashboard/src/gateway/subscribers.ts';
import {
  partsOfName,
  partsOfOrigin,
  partsOfPath,
  splitAtOrigins,
} from '../../../dashboard/src/lib/breaks.ts';
import { warningPlace } from '../../../dashboard/src/lib/warning-place.ts';
import { warningsOf } from '../../../src/status/warnings.ts';
import { goodFacts, goodHook, goodRegistry, goodTarget } from '../../support/status-facts.ts';

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

  it.each([
    ['GET 127.0.0.1:9/v2/a/tags: no', 'GET 127.0.0.1:9/|v2/|a/|tags: no'],
    ['a / b, 2 /s', 'a / b, 2 /s'],
    ['/v1/hooks/ci', '/v1/|hooks/|ci'],
    ['text/html; a//b/', 'text/|html; a//b/'],
    ['', ''],
  ])('within the paths of %j breaks after a slash', (text, parts) => {
    expect(partsOfPath(text).join('|')).toBe(parts);
  });

  it.each([
    ['of registry.example.com', 'of registry.|example.|com'],
    ['pace.deliveriesPerSecond', 'pace.|deliveriesPerSecond'],
    ['any … of it. So', 'any … of it. So'],
  ])('within the name %j breaks after a dot', (text, parts) => {
    expect(partsOfName(text).join('|')).toBe(parts);
  });
});

describe('a warning', () => {
  it.each([
    ['target-disabled', 'gone', '#/targets/gone'],
    ['hook-refused', 'ci', '#/hooks/ci'],
    ['registry-lacks-watched', 'ghcr.io:8443', '#/registries/ghcr.io:8443'],
    ['subscribers-full', null, '#/subscribers'],
    ['pace-overridden', null, '#/pace'],
    ['ledger-damaged', null, undefined],
    ['constructor', 'x', undefined],
  ])('%s about %s leads to %s', (code, about, href) => {
    expect(warningPlace({ code, about })?.href).toBe(href);
  });

  it('of each code leads to a screen, but for what no screen has more of', () => {
    const { ledger, subscribers, pace } = goodFacts;
    const refusal = { at: goodFacts.now, address: '::1', code: 'BODY_INVALID', reason: 'no' };
    const found = warningsOf({
      ...{ ...goodFacts, draining: true, descriptors: { used: 9, limit: 10 } },
      ledger: {
        ...{ ...ledger, storing: false, freeBytes: 0, clockBehindMs: 60_000 },
        risk: { cause: 'No file', remedy: 'set one' },
      },
      subscribers: { ...subscribers, total: subscribers.limit, behind: subscribers.limit },
      pace: { ...pace, overrides: 1 },
      registries: [
        { ...goodRegistry, state: 'left-alone', absent: { count: 1, repository: 'a' } },
        { ...goodRegistry, state: 'throttled' },
      ],
      hooks: [
        { ...goodHook, lastDelivery: null, lastRefusal: refusal },
        { ...goodHook, lastDelivery: null },
      ],
      targets: ['disabled', 'unserved', 'paused'].map((state) => ({ ...goodTarget, state })),
    });
    expect(found.filter((each) => warningPlace(each) === null).map(({ code }) => code)).toEqual([
      ...['ledger-not-storing', 'ledger-space-low', 'ledger-may-lose', 'clock-behind'],
      ...['descriptors-low', 'draining'],
    ]);
    const screens = found.flatMap((each) => warningPlace(each)?.href.split('/')[1] ?? []);
    expect([...new Set(screens)]).toEqual(['subscribers', 'registries', 'hooks', 'targets', 'pace']);
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
