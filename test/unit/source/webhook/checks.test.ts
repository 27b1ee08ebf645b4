import { expect, test } from 'vitest';
import { webhookKinds } from '../../../../src/config/webhooks.ts';
import { ManifeedError } from '../../../../src/errors.ts';
import { checkHooks } from '../../../../src/source/webhook/checks.ts';
import type { HookOptions } from '../../../../src/source/webhook/kind.ts';
import { kinds } from '../../../../src/source/webhook/kinds.ts';
import { hookFor, readFixtureText } from '../../../support/webhook.ts';

/** The key that is refused; null where all is well. */
function refused(hooks: readonly HookOptions[], listenIsLoopback = true): unknown {
  try {
    checkHooks(hooks, listenIsLoopback);
    return null;
  } catch (error) {
    if (error instanceof ManifeedError) return error.detail?.parameter;
    throw error;
  }
}

const hook = (over: Partial<HookOptions>): HookOptions => ({
  name: 'h',
  kind: 'distribution',
  token: 't',
  ...over,
});

test('the configuration takes the kinds that there are, and no others', () => {
  expect([...kinds.keys()].sort()).toEqual([...webhookKinds].sort());
});

test('checkHooks takes the hooks of every kind', () => {
  expect(refused([...kinds.keys()].map(hookFor))).toBeNull();
});

test.each([true, false])(
  'a hook without any secret must say verify: none, on loopback (%s) or not',
  (loopback) => {
    for (const kind of kinds.keys()) {
      const bare: HookOptions = { name: 'h', kind, registry: 'r.test' };
      expect(refused([bare], loopback)).toBe('webhooks[0].verify');
      expect(refused([{ ...bare, verify: 'none' }], loopback)).toBeNull();
    }
  },
);

test.each<[string, Partial<HookOptions>]>([
  ['kind', { kind: 'nope' }],
  ['name', { name: 'a/b' }],
  ['name', { name: '' }],
  ['registry', { registry: 'https://r.test' }],
  ['registry', { kind: 'nexus' }],
  ['registry', { kind: 'zot' }],
  ['registry', { kind: 'aliyun-acr' }],
  ['secret', { secret: 's' }],
  ['secret', { kind: 'harbor', secret: 's' }],
  ['token', { token: '' }],
  ['token', { token: undefined, tokenHeader: 'x', verify: 'none' }],
  ['tokenHeader', { tokenHeader: 'a b' }],
  ['tokenHeader', { username: 'u', password: 'p' }],
  ['tokenHeader', { kind: 'gar', audience: 'a', email: 'e', tokenHeader: 'Authorization' }],
  ['username', { username: 'u' }],
  ['password', { username: 'u', password: '' }],
  ['pathToken', { pathToken: 'a/b' }],
  ['topics', { topics: ['arn'] }],
  ['topics', { kind: 'ecr', topics: [] }],
  ['certificates', { kind: 'ecr', token: undefined, topics: ['arn:x'], certificates: 'no pem' }],
  // F7: with a token beside it, any topic of that AWS region could speak for the hook.
  ['topics', { kind: 'ecr', certificates: readFixtureText('ecr/sns-test-cert.pem') }],
  ['topics', { kind: 'ecr', token: undefined, certificates: readFixtureText('ecr/sns-test-cert.pem') }],
  ['token', { kind: 'ecr', topics: ['arn:x'] }],
  ['password', { kind: 'ecr', token: undefined, username: 'u', password: 'p', topics: ['arn:x'] }],
  ['jwks', { kind: 'gar', token: undefined, audience: 'a', email: 'e', jwks: 'http://keys.test/jwks' }],
  ['jwks', { kind: 'gar', token: undefined, audience: 'a', email: 'e', jwks: 'ftp://keys.test/jwks' }],
  ['audience', { audience: 'a', email: 'e' }],
  ['email', { kind: 'gar', audience: 'a' }],
  ['audience', { kind: 'gar', email: 'e' }],
  ['maxBytes', { maxBytes: 0 }],
])('checkHooks names webhooks[i].%s for %j', (key, over) => {
  expect(refused([hook({ name: 'first' }), hook(over)])).toBe(`webhooks[1].${key}`);
});

test('two hooks may not share a name', () => {
  expect(refused([hook({}), hook({})])).toBe('webhooks[1].name');
});

test('checkHooks never shows a secret', () => {
  for (const over of [
    { pathToken: 's3cret/' },
    { secret: 's3cret' },
    { kind: 'ecr', token: undefined, topics: ['arn:x'], certificates: 's3cret' },
    { kind: 'ecr', token: 's3cret', topics: ['arn:x'] },
    { kind: 'gar', token: undefined, audience: 'a', email: 'e', jwks: 'http://u:s3cret@keys.test/' },
  ]) {
    expect(() => checkHooks([hook(over)], true)).toThrow(/^(?!.*s3cret)/s);
  }
});
