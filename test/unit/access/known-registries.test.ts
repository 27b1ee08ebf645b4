import { describe, expect, it } from 'vitest';
import { knownRegistries } from '../../../src/access/known-registries.ts';

const registries = [{ host: 'r.test' }];
const defaults = [
  { name: 'publish', verify: 'none' },
  { name: 'local', verify: 'none' },
] as const;

function judge(
  ...[configured, webhooks]: [Parameters<typeof knownRegistries>[0], Parameters<typeof knownRegistries>[1]]
) {
  const warned: unknown[] = [];
  const knows = knownRegistries(configured, webhooks, { warn: (fields) => warned.push(fields) });
  return { knows, warned };
}

describe('knownRegistries', () => {
  it('knows the configured registries and those that webhooks name', () => {
    const { knows, warned } = judge(registries, [{ name: 'h', registry: 'h.test' }, ...defaults]);
    expect(['r.test', 'h.test', 'x.test'].map(knows)).toEqual([true, true, false]);
    expect(warned).toEqual([]);
  });

  it('knows any if a webhook names none, and warns of it by name', () => {
    const { knows, warned } = judge(registries, [
      { name: 'h', registry: 'h.test' },
      { name: 'ci' },
      ...defaults,
    ]);
    expect(knows('x.test')).toBe(true);
    expect(warned).toEqual([{ webhooks: ['ci'] }]);
  });

  it('knows any without configured registries, and warns of nothing', () => {
    const { knows, warned } = judge([], [{ name: 'ci' }]);
    expect(knows('x.test')).toBe(true);
    expect(warned).toEqual([]);
  });
});
