import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/config/config.ts';
import { isPrivate, warnOfOpenHooks } from '../../../src/config/exposure.ts';
import { ConfigError } from '../../../src/config/settings/problems.ts';

const tokens = `access: [{ name: a, sha256: ${'a'.repeat(64)} }]`;
const openHook = 'webhooks: [{ name: ci, kind: manifeed, verify: none }]';
const load = (...lines: readonly string[]) =>
  loadConfig({ env: {}, argv: ['--config', 'm.yaml'], readFile: () => lines.join('\n') });

function warnings(...lines: readonly string[]): readonly object[] {
  const found: object[] = [];
  warnOfOpenHooks(load(...lines), { warn: (fields) => found.push(fields) });
  return found;
}

describe('the default webhooks, which need no token, are there', () => {
  it.each([
    ['with open access on loopback', '', true],
    ['with open access that is written out', 'access: open', true],
    ['with an empty trustProxy', 'trustProxy: []', true],
    ['not with tokens', tokens, false],
    ['not behind a proxy', 'access: open\ntrustProxy: [127.0.0.1]', false],
    ['not beyond loopback', 'access: open\nlisten: 0.0.0.0:8080', false],
    ['not if webhooks are set', 'webhooks: []', false],
  ])('%s', (_, yaml, are) => {
    expect(load(yaml).webhooks.map(({ name }) => name)).toEqual(are ? ['publish', 'local'] : []);
  });
});

describe('behind a proxy on loopback', () => {
  it('open access must be written out, because others reach the gateway through the proxy', () => {
    expect(() => load('trustProxy: [127.0.0.1]')).toThrow(ConfigError);
    expect(() => load('trustProxy: [127.0.0.1]')).toThrow(
      /access: missing: must be a list of tokens .* because trustProxy is set: everyone who can reach the proxy/,
    );
    expect(load('trustProxy: [127.0.0.1]', tokens).access.kind).toBe('tokens');
  });

  it('a gateway is not private, and pace=none is not for everyone', () => {
    const config = load('trustProxy: [127.0.0.1]', 'access: open');
    expect([isPrivate(config), config.pace.allowNone]).toEqual([false, false]);
    expect(isPrivate(load(''))).toBe(true);
  });
});

describe('a webhook without credentials', () => {
  it.each([
    ['tokens', [tokens]],
    ['a proxy', ['access: open', 'trustProxy: [127.0.0.1]']],
    ['an address beyond loopback', ['access: open', 'listen: 0.0.0.0:8080']],
  ])('is warned of by name with %s', (_, lines) => {
    expect(warnings(...lines, openHook)).toEqual([{ webhooks: ['ci'] }]);
  });

  it('is not warned of on an open gateway that only this machine reaches', () => {
    expect(warnings(openHook)).toEqual([]);
  });

  it('is what the warning is about: one with a token is none', () => {
    expect(warnings(tokens, 'webhooks: [{ name: ci, kind: manifeed, token: t }]')).toEqual([]);
  });
});
