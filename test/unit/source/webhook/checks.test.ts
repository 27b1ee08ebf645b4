/** Hooks as the configuration checks them: single members by its schema, what goes together by `checks.ts`. */
import { expect, test } from 'vitest';
import { loadConfig } from '../../../../src/config/config.ts';
import { ConfigError } from '../../../../src/config/settings/problems.ts';
import type { HookOptions } from '../../../../src/source/webhook/kind.ts';
import { kinds } from '../../../../src/source/webhook/kinds.ts';
import { hookFor, readFixtureText } from '../../../support/webhook.ts';

const files: Readonly<Record<string, string>> = {
  'aws.pem': readFixtureText('ecr/sns-test-cert.pem'),
  'none.pem': 'no pem',
  'secret.pem': 's3cret',
};

function load(hooks: readonly HookOptions[], listen: string) {
  const yaml = JSON.stringify({ listen, access: 'open', webhooks: hooks });
  const readFile = (path: string) => {
    const text = path === 'manifeed.yaml' ? yaml : files[path];
    if (text === undefined) throw new Error(`no file ${path}`);
    return text;
  };
  return loadConfig({ argv: ['--config', 'manifeed.yaml'], env: {}, readFile });
}

/** The keys that are refused. */
function refused(hooks: readonly HookOptions[], listen = '127.0.0.1:8080'): readonly string[] {
  try {
    load(hooks, listen);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map(({ path }) => path);
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
  const hooks = load([...kinds.keys()].map(hookFor), ':8080').webhooks;
  expect(hooks.map(({ kind }) => kind)).toEqual([...kinds.keys()]);
  expect(refused([hook({ kind: 'nope' })])).toEqual(['webhooks[0].kind']);
});

test.each(['127.0.0.1:8080', ':8080'])(
  'a hook without any secret must say verify: none, wherever the gateway listens (%s)',
  (listen) => {
    for (const kind of kinds.keys()) {
      const bare: HookOptions = { name: 'h', kind, registry: 'r.test' };
      expect(refused([bare], listen)).toEqual(['webhooks[0]']);
      expect(refused([{ ...bare, verify: 'none' }], listen)).toEqual([]);
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
  ['tokenHeader', { kind: 'gar', audience: 'a', email: 'e@x.test', tokenHeader: 'Authorization' }],
  ['password', { username: 'u' }],
  ['password', { username: 'u', password: '' }],
  ['pathToken', { pathToken: 'a/b' }],
  ['topics', { topics: ['arn:x'] }],
  ['topics', { kind: 'ecr', topics: [] }],
  ['certificates', { kind: 'ecr', token: undefined, topics: ['arn:x'], certificates: 'none.pem' }],
  // F7: with a token beside it, any topic of that AWS region could speak for the hook.
  ['topics', { kind: 'ecr', certificates: 'aws.pem' }],
  ['topics', { kind: 'ecr', token: undefined, certificates: 'aws.pem' }],
  ['token', { kind: 'ecr', topics: ['arn:x'] }],
  ['password', { kind: 'ecr', token: undefined, username: 'u', password: 'p', topics: ['arn:x'] }],
  [
    'jwks',
    { kind: 'gar', token: undefined, audience: 'a', email: 'e@x.test', jwks: 'http://keys.test/jwks' },
  ],
  ['jwks', { kind: 'gar', token: undefined, audience: 'a', email: 'e@x.test', jwks: 'ftp://keys.test/jwks' }],
  ['audience', { audience: 'a', email: 'e@x.test' }],
  ['email', { kind: 'gar', token: undefined, audience: 'a' }],
  ['audience', { kind: 'gar', email: 'e@x.test' }],
  ['maxBytes', { maxBytes: 0 }],
])('the configuration names webhooks[i].%s for %j', (key, over) => {
  expect(refused([hook({ name: 'first' }), hook(over)])[0]).toBe(`webhooks[1].${key}`);
});

test('two hooks may not share a name', () => {
  expect(refused([hook({}), hook({})])).toEqual(['webhooks[1].name']);
});

test('no refusal shows a secret', () => {
  for (const over of [
    { pathToken: 's3cret/' },
    { secret: 's3cret' },
    { kind: 'ecr', token: undefined, topics: ['arn:x'], certificates: 'secret.pem' },
    { kind: 'ecr', token: 's3cret', topics: ['arn:x'] },
    { kind: 'gar', token: undefined, audience: 'a', email: 'e@x.test', jwks: 'http://u:s3cret@keys.test/' },
  ]) {
    expect(() => load([hook(over)], ':8080')).toThrow(/^(?!.*s3cret)/s);
  }
});
