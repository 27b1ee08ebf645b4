import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { settingsTable } from '../../src/config-table.ts';
import { listSettings } from '../../src/config-tree.ts';

describe('the settings', () => {
  it('all have a description', () => {
    const silent = listSettings().filter((setting) => setting.description === '');
    expect(silent.map((setting) => setting.path)).toEqual([]);
  });

  it('are in README as the schema has them (manifeed config --settings prints the table)', () => {
    expect(readFileSync('README.md', 'utf8')).toContain(settingsTable());
  });

  it('have a variable each where one text can give them', () => {
    const variables = listSettings().flatMap((setting) => setting.env ?? []);
    expect(new Set(variables).size).toBe(variables.length);
    expect(variables).toContain('MANIFEED_PACE_DELIVERIES_PER_SECOND');
  });
});
