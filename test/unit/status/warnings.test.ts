import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { networkCauseOf } from '../../../src/lib/network-causes.ts';
import { plainHttpText } from '../../../src/lib/plain-http.ts';
import { type Facts, warningsOf } from '../../../src/status/warnings.ts';
import { goodFacts, goodHook, goodRegistry, goodTarget } from '../../support/status-facts.ts';

const { ledger, subscribers, pace } = goodFacts;
const refusal = { at: '2026-11-25T09:30:00.000Z', address: '192.0.2.7', code: 'UNAUTHORIZED', reason: 'no' };
const failure = { at: '2026-11-25T09:59:00.000Z', repository: 'a', reason: 'ask r.test: status 500' };
const withoutTls = { ...failure, reason: `HEAD r.test/v2/: ${plainHttpText}: must speak TLS` };

const denied = { ...{ count: 2, repository: 'team/app', reason: 'denied' }, error: 'status 401: no' };
const login = { ...denied, count: 1, reason: 'invalid', error: 'a body that is not JSON' };

const late = { late: true, waitingSince: '2026-11-25T09:40:00.000Z' };
const refused = { at: '2026-11-25T09:50:00.000Z', result: 'retried', why: 'status 500: no disk' };

/** What is wrong, and the code that says so. */
const troubles: readonly (readonly [code: string, severity: string, wrong: Partial<Facts>])[] = [
  ['ledger-damaged', 'critical', { ledger: { ...ledger, damage: 'row 7', storing: false, why: 'damaged' } }],
  ['ledger-not-storing', 'critical', { ledger: { ...ledger, storing: false, why: 'the disk is full' } }],
  ['ledger-space-low', 'warning', { ledger: { ...ledger, freeBytes: 63 * 1024 * 1024 } }],
  ['ledger-may-lose', 'warning', { ledger: { ...ledger, risk: { cause: 'No file', remedy: 'set one' } } }],
  ['clock-behind', 'warning', { ledger: { ...ledger, clockBehindMs: 6_000 } }],
  ['subscribers-full', 'warning', { subscribers: { ...subscribers, total: 15_750 } }],
  ['subscribers-behind', 'warning', { subscribers: { ...subscribers, total: 400, behind: 20 } }],
  ['descriptors-low', 'warning', { descriptors: { used: 820, limit: 1_024 } }],
  [
    'registry-throttles',
    'warning',
    { registries: [{ ...goodRegistry, state: 'throttled', lastFailure: failure }] },
  ],
  [
    'registry-fails',
    'warning',
    { registries: [{ ...goodRegistry, state: 'failing', lastFailure: failure }] },
  ],
  [
    'registry-lacks-watched',
    'warning',
    { registries: [{ ...goodRegistry, absent: { count: 3, repository: 'team/typo' } }] },
  ],
  ['registry-unreadable', 'warning', { registries: [{ ...goodRegistry, unreadable: denied }] }],
  ['registry-unreadable', 'warning', { registries: [{ ...goodRegistry, unreadable: login }] }],
  ['registry-left-alone', 'warning', { registries: [{ ...goodRegistry, state: 'left-alone' }] }],
  [
    'registry-fails',
    'warning',
    { registries: [{ ...goodRegistry, state: 'failing', lastFailure: withoutTls }] },
  ],
  ['registry-left-alone', 'warning', { registries: [{ ...goodRegistry, state: 'probing' }] }],
  ['hook-refused', 'warning', { hooks: [{ ...goodHook, lastRefusal: refusal }] }],
  ['hook-silent', 'warning', { hooks: [{ ...goodHook, lastDelivery: '2026-11-24T10:00:00.000Z' }] }],
  ['hook-silent', 'warning', { hooks: [{ ...goodHook, lastDelivery: null }] }],
  ['target-disabled', 'warning', { targets: [{ ...goodTarget, state: 'disabled', disabled: 'status 410' }] }],
  ['target-unserved', 'warning', { targets: [{ ...goodTarget, state: 'unserved' }] }],
  [
    'target-late',
    'warning',
    { targets: [{ ...goodTarget, ...late, state: 'retrying', lastFailure: refused }] },
  ],
  ['target-late', 'warning', { targets: [{ ...goodTarget, ...late, state: 'paused' }] }],
  ['target-paused', 'info', { targets: [{ ...goodTarget, state: 'paused' }] }],
  ['draining', 'info', { draining: true }],
  ['pace-overridden', 'info', { pace: { ...pace, overrides: 1 } }],
];

const all = troubles.map(([code, severity, wrong]) => ({
  ...{ code, severity },
  found: warningsOf({ ...goodFacts, ...wrong }),
}));

describe('warnings', () => {
  it('are none if all is well', () => {
    expect(warningsOf(goodFacts)).toEqual([]);
  });

  it.each(all)('say $code, and nothing else', ({ code, severity, found }) => {
    expect(found).toMatchObject([{ code, severity }]);
  });

  it.each([
    ['a ledger with no known limit', { ledger: { ...ledger, freeBytes: null } }],
    ['a few slow readers', { subscribers: { ...subscribers, behind: 19 } }],
    [
      'a hook that accepted after it refused',
      { hooks: [{ ...goodHook, lastRefusal: { ...refusal, at: '2026-11-25T08:00:00.000Z' } }] },
    ],
    ['descriptors that are not known', { descriptors: { used: null, limit: null } }],
  ])('are none for %s', (_name, facts: Partial<Facts>) => {
    expect(warningsOf({ ...goodFacts, ...facts })).toEqual([]);
  });

  it('are none for targets that deliver, wait, try again or are served elsewhere, nor without a ledger', () => {
    const states = ['delivering', 'retrying', 'holding', 'idle', 'elsewhere'];
    const targets = states.map((state) => ({ ...goodTarget, state }));
    expect(warningsOf({ ...goodFacts, targets })).toEqual([]);
    expect(warningsOf({ ...goodFacts, targets: null })).toEqual([]);
  });

  it.each(['failing', 'left-alone'] as const)(
    'say of a %s registry without TLS which setting allows that',
    (state) => {
      expect(
        warningsOf({ ...goodFacts, registries: [{ ...goodRegistry, state, lastFailure: withoutTls }] }),
      ).toMatchObject([
        { remedy: expect.stringContaining('plainHttp: true'), setting: 'registries[].plainHttp' },
      ]);
    },
  );

  it('blame the ledger, and not the sender, for a delivery that was not stored', () => {
    const lastRefusal = { ...refusal, code: 'UNAVAILABLE', reason: 'the disk is full' };
    const [found] = warningsOf({ ...goodFacts, hooks: [{ ...goodHook, lastRefusal }] });
    expect(found?.remedy).toMatch(/It is not the sender: the ledger stored nothing/);
  });

  it.each([
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'caFile', 'registries[].caFile'],
    ['CERT_HAS_EXPIRED', 'Renew its certificate', null],
    ['CERT_NOT_YET_VALID', 'the clock here', null],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'Use a name that its certificate has', 'registries[].endpoint'],
    ['ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION', 'TLS 1.2 or later', null],
    ['ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE', 'TLS 1.2 or later', null],
    ['ECONNREFUSED', 'See that it answers from here', 'registries[].endpoint'],
  ])('say what helps a registry that failed by %s', (code, remedy, setting) => {
    const lastFailure = { ...failure, reason: `GET r.test/v2/: ${networkCauseOf(code)?.text} (${code})` };
    const registries = [{ ...goodRegistry, state: 'failing', lastFailure }] as const;
    expect(warningsOf({ ...goodFacts, registries })).toMatchObject([
      { remedy: expect.stringContaining(remedy), setting },
    ]);
  });

  it('say that credentials help a registry that denies, and tell how many repositories wait for that', () => {
    const [found] = warningsOf({ ...goodFacts, registries: [{ ...goodRegistry, unreadable: denied }] });
    expect(found).toMatchObject({
      cause: 'The registry answers, but team/app cannot be read, and 1 more: status 401: no.',
      remedy: expect.stringContaining('username and password'),
      setting: 'registries[].username',
    });
  });

  it('are none for a hook without a delivery in the first day', () => {
    const hooks = [{ ...goodHook, lastDelivery: null }];
    expect(warningsOf({ ...goodFacts, uptimeSeconds: 3_600, hooks })).toEqual([]);
  });

  it('come worst first, and name what they are about', () => {
    const wrong = Object.assign({}, ...troubles.map(([, , facts]) => facts));
    const found = warningsOf({ ...goodFacts, ...wrong, draining: true });
    const order = found.map(({ severity }) => ['critical', 'warning', 'info'].indexOf(severity));
    expect(order).toEqual([...order].sort());
    expect(found.find(({ code }) => code === 'hook-silent')?.about).toBe('harbor');
    expect(found.find(({ code }) => code === 'registry-left-alone')?.about).toBe('r.test');
  });

  it('say why: the ledger, the registry and the hook give the reason', () => {
    const ofTargets = ['status 410', '20 minutes; the last failure was: status 500: no disk', 'it is paused'];
    const causes = all.flatMap(({ found }) => found.map(({ cause }) => cause)).join('\n');
    for (const reason of [
      'the disk is full',
      'status 500',
      'UNAUTHORIZED',
      'row 7',
      'team/typo and 2 more',
      ...ofTargets,
    ])
      expect(causes).toContain(reason);
  });

  it('name settings that exist, and lead to headings that exist', () => {
    const settings = readFileSync('docs/configuration.md', 'utf8');
    for (const { setting, docs, remedy } of all.flatMap(({ found }) => found)) {
      expect(remedy).toMatch(/\.$/);
      if (setting !== null)
        expect(settings).toMatch(new RegExp(`\`${setting.replaceAll(/[.[\]]/g, '\\$&')}`));
      const [file = '', anchor = ''] = docs.split('#');
      expect(existsSync(file)).toBe(true);
      expect(anchorsOf(file)).toContain(anchor);
    }
  });
});

function anchorsOf(file: string): readonly string[] {
  return [...readFileSync(file, 'utf8').matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\- _]/gu, '')
      .replaceAll(' ', '-'),
  );
}
