import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { settings } from '../../../src/config/schema.ts';
import { secretsIn } from '../../../src/config/settings/secrets.ts';
import { kinds } from '../../../src/target/kinds.ts';

describe('the kinds of targets', () => {
  it('have names of their own', () => {
    expect(new Set(kinds.map(({ name }) => name)).size).toBe(kinds.length);
  });

  it.each(kinds.map((kind) => [kind.name, kind] as const))('hide what is secret: %s', (_name, kind) => {
    const hidden = { secret: true, token: true, password: true, url: 'path' } as const;
    const { properties = {} } = z.toJSONSchema(kind.members, { io: 'input', unrepresentable: 'any' });
    for (const [key, mark] of Object.entries(hidden))
      if (key in properties) expect(properties[key]).toMatchObject({ secret: mark });
    const secrets = { token: 'tttt', secret: 'ssss', password: 'pppp', url: 'https://h/uuuu' };
    const given = Object.fromEntries(Object.entries(secrets).filter(([key]) => key in properties));
    const found = secretsIn(settings, given, ['targets', 0]);
    expect([...found.secrets, ...found.urls].sort()).toEqual(Object.values(given).sort());
  });

  it('hide the values of headers and variables', () => {
    const given = { headers: { 'x-key': 'hhhh' }, env: { KEY: 'eeee' } };
    expect(secretsIn(settings, given, ['targets', 0]).secrets).toEqual(['hhhh', 'eeee']);
  });

  it('tell of creations and moves by default, of deletes only where the tool can be told of them', () => {
    for (const { defaults } of kinds) expect(defaults.types).toEqual(['tag.created', 'tag.updated']);
    const telling = kinds.filter((kind) => kind.deletes).map(({ name }) => name);
    expect(telling).toEqual(['webhook', 'cloudevents', 'http', 'exec']);
  });
});
