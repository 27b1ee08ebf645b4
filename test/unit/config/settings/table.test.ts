import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { settingsTable } from '../../../../src/cli/config-command.ts';
import { loadConfig } from '../../../../src/config/config.ts';
import { settings as tree } from '../../../../src/config/schema.ts';

describe('the settings', () => {
  it('all have a description', () => {
    const silent = tree.list().filter((setting) => setting.description === '');
    expect(silent.map((setting) => setting.path)).toEqual([]);
  });

  it('are in docs/configuration.md as the schema has them (manifeed config --settings prints them)', () => {
    expect(readFileSync('docs/configuration.md', 'utf8')).toContain(settingsTable(tree));
  });

  it('are shown in docs/configuration.md by an example that a gateway accepts', () => {
    const yaml = /```yaml\n([\s\S]*?)```/.exec(readFileSync('docs/configuration.md', 'utf8'))?.[1] ?? '';
    const config = loadConfig({
      argv: ['--config', 'm.yaml'],
      env: { REGISTRY_PASSWORD: 'p', HOOK_TOKEN: 't' },
      readFile: () => yaml,
    });
    expect(config.ledger).toMatchObject({ kind: 'redis', minReplicas: 1 });
    expect(config.registries[0]?.poll).toMatchObject({ intervalMs: 30_000, onDemand: true });
    expect(config.pace.burst).toBe(200);
  });

  it('have a variable each where one text can give them', () => {
    const variables = tree.list().flatMap((setting) => setting.env ?? []);
    expect(new Set(variables).size).toBe(variables.length);
    expect(variables).toContain('MANIFEED_PACE_DELIVERIES_PER_SECOND');
  });
});
