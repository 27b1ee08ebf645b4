import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/config/config.ts';
import { warnOfExposure } from '../../../src/config/exposure.ts';

const tokens = `access: [{ name: a, sha256: ${'a'.repeat(64)} }]`;
const behindProxy = 'trustProxy: [127.0.0.1]';
const openHook = 'webhooks: [{ name: ci, kind: manifeed, verify: none }]';
const load = (...lines: readonly string[]) =>
  loadConfig({ env: {}, argv: ['--config', 'm.yaml'], readFile: () => lines.join('\n') });

function warnings(...lines: readonly string[]): readonly object[] {
  const found: object[] = [];
  warnOfExposure(load(...lines), { warn: (fields) => found.push(fields) });
  return found;
}

describe('the default webhooks, which need no token, are there', () => {
  it.each([
    ['on loopback', [''], true],
    ['on loopback with tokens', [tokens], true],
    ['with an empty trustProxy', [tokens, 'trustProxy: []'], true],
    ['behind a proxy with open access', [behindProxy], true],
    ['not behind a proxy with tokens', [tokens, behindProxy], false],
    ['not beyond loopback', ['access: open', 'listen: 0.0.0.0:8080'], false],
    ['not if webhooks are set', ['webhooks: []'], false],
  ])('%s', (_, lines, are) => {
    expect(load(...lines).webhooks.map(({ name }) => name)).toEqual(are ? ['publish', 'local'] : []);
  });
});

describe('a start', () => {
  it('warns of open access that a proxy brings others to', () => {
    expect(warnings(behindProxy)).toEqual([{ trustProxy: ['127.0.0.1'] }]);
    expect(warnings(behindProxy, 'access: open')).toEqual([{ trustProxy: ['127.0.0.1'] }]);
    expect(warnings(behindProxy, tokens)).toEqual([]);
  });

  it.each([
    ['where subscribers need tokens', [tokens]],
    ['beyond loopback', ['access: open', 'listen: 0.0.0.0:8080']],
  ])('warns of a webhook without credentials %s', (_, lines) => {
    expect(warnings(...lines, openHook)).toEqual([{ webhooks: ['ci'] }]);
  });

  it('does not warn of one on an open gateway that only this machine reaches', () => {
    expect(warnings(openHook)).toEqual([]);
  });

  it('does not warn of one with a token', () => {
    expect(warnings(tokens, 'webhooks: [{ name: ci, kind: manifeed, token: t }]')).toEqual([]);
  });
});
