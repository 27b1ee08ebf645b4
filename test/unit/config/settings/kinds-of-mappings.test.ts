import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { maskSecrets, originOf, secretsIn } from '../../../../src/config/settings/secrets.ts';
import { SettingsTree } from '../../../../src/config/settings/tree.ts';

const kind = (name: string) => z.enum([name]).describe('Which');
const tool = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: kind('a'),
    url: z.string().meta({ secret: 'path' }).describe('Where'),
    headers: z.record(z.string(), z.string().meta({ secret: true })).describe('Headers'),
    wait: z.string().default('1s').describe('How long'),
  }),
  z.strictObject({
    kind: kind('b'),
    url: z.string().meta({ secret: 'path' }).describe('The base'),
    secret: z.array(z.string()).meta({ secret: true }).optional().describe('Keys'),
    wait: z.string().default('2s').describe('How long'),
  }),
]);
const tree = new SettingsTree(z.strictObject({ tools: z.array(tool).prefault([]) }), 'X_', /^$/);

describe('a list of mappings that "kind" tells apart', () => {
  it('lists each member once, and again where it means something else', () => {
    const rows = tree.list().map((each) => [each.path, each.description, each.default]);
    expect(rows).toEqual([
      ['tools[].kind', 'Which', undefined],
      ['tools[].url', '`a`: Where', undefined],
      ['tools[].url', '`b`: The base', undefined],
      ['tools[].headers', '`a`: Headers', undefined],
      // The kinds have different defaults.
      ['tools[].wait', 'How long', undefined],
      ['tools[].secret', '`b`: Keys', undefined],
    ]);
  });

  it('writes out the defaults of the kind', () => {
    const filled = tree.fillDefaults({ tools: [{ kind: 'b', url: 'u' }, { kind: 'c' }] });
    expect(filled).toEqual({ tools: [{ kind: 'b', url: 'u', wait: '2s' }, { kind: 'c' }] });
  });

  it('hides secrets, in mappings with any keys too, and all of a URL but its origin', () => {
    const value = {
      kind: 'a',
      url: 'https://h.test/x',
      headers: { 'X-Key': 'hunter2' },
      secret: ['hunter2'],
    };
    expect(maskSecrets(tree, { tools: [value] })).toEqual({
      tools: [{ kind: 'a', url: 'https://h.test/***', headers: { 'X-Key': '***' }, secret: '***' }],
    });
  });

  it('finds the secrets in a value', () => {
    const value = {
      url: 'https://h.test/x',
      headers: { a: 'one', b: '' },
      secret: ['two', 'three'],
      wait: '5s',
    };
    expect(secretsIn(tree, value, ['tools', 0])).toEqual({
      secrets: ['one', 'two', 'three'],
      urls: ['https://h.test/x'],
    });
  });
});

it.each([
  ['https://h.test', 'https://h.test'],
  ['https://h.test/', 'https://h.test'],
  ['https://h.test:8443/a', 'https://h.test:8443/***'],
  ['https://h.test/?a=b', 'https://h.test/***'],
  ['https://user:word@h.test/a', 'https://h.test/***'],
  ['no URL', '***'],
  ['mailto:me@h.test', '***'],
])('of the URL %s only %s is shown', (url, shown) => {
  expect(originOf(url)).toBe(shown);
});
