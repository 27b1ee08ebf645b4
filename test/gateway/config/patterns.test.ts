/** Patterns of the configuration mean what they mean in a subscription. */
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/config/config.ts';
import { canonicalPace } from '../../../src/config/patterns.ts';
import { ConfigError } from '../../../src/config/settings/problems.ts';
import type { Config } from '../../../src/config/shape.ts';
import { startGateway } from '../../support/gateway.ts';

const sha256 = 'a'.repeat(64);
const load = (settings: object): Config =>
  loadConfig({
    argv: ['--config', 'm.yaml'],
    env: {},
    readFile: () => JSON.stringify(settings),
  });

function problems(settings: object): readonly string[] {
  try {
    load(settings);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map(({ path, message }) => `${path}: ${message}`);
    throw error;
  }
  throw new Error('accepted');
}

describe('patterns of the configuration', () => {
  it('are refused by their key, all of them at once, with what to write instead', () => {
    const found = problems({
      access: [
        { name: 'a', sha256, repositories: ['team/*', '*'] },
        { name: 'b', sha256: 'b'.repeat(64), repositories: ['Foo'] },
      ],
      pace: { priority: ['ghcr.io/*'], rules: [{ repository: 'nginx:1', burst: 1 }] },
      watch: [{ repository: 'Bar' }],
    });
    expect(found).toEqual([
      expect.stringMatching(/^watch\[0\]\.repository: "Bar": must be \[host/),
      expect.stringMatching(/^access\[0\]\.repositories\[1\]: "\*": matches no repository.*write "\*\*"/),
      expect.stringMatching(/^access\[1\]\.repositories\[0\]: "Foo": must be \[host/),
      expect.stringMatching(/^pace\.priority\[0\]: "ghcr\.io\/\*": matches no.*"ghcr\.io\/\*\*"/),
      expect.stringMatching(/^pace\.rules\[0\]\.repository: "nginx:1": must not hold a tag/),
    ]);
  });

  it('reach the pace in canonical form: a bare name is in the default registry', () => {
    const config = load({
      defaultRegistry: 'r.test',
      pace: { priority: ['app', '*/security/*'], rules: [{ repository: 'slow/**', burst: 1 }] },
    });
    expect(canonicalPace(config)).toMatchObject({
      priority: ['r.test/app', '*/security/*'],
      exceptions: [{ pattern: 'r.test/slow/**', burst: 1 }],
    });
  });
});

describe('the start', () => {
  const accessOf = (...repositories: string[]) => [{ name: 'a', sha256, repositories }];
  // The machine may have too few open files, of which the start warns too.
  const isAboutAccess = (line: string) => line.includes('"level":"warn"') && line.includes('"access[');

  it('warns by name of an access pattern that now grants more than before', async () => {
    const gateway = await startGateway({ access: accessOf('team/*', '*/team/app') });
    await gateway.close();
    const warnings = gateway.logs().split('\n').filter(isAboutAccess);
    expect(warnings).toHaveLength(1);
    expect(JSON.parse(warnings[0] ?? '')).toMatchObject({
      setting: 'access[0].repositories[1]',
      pattern: '*/team/app',
      now: '*/team/app',
      before: 'docker.io/*/team/app',
      msg: expect.stringMatching(/^access\[0\]\.repositories\[1\]: "\*\/team\/app" now grants/),
    });
  });

  it('warns of none where every access pattern means what it meant', async () => {
    const gateway = await startGateway({ access: accessOf('**', 'nginx*', 'ghcr.io/team/*', '**/x') });
    await gateway.close();
    expect(gateway.logs().split('\n').filter(isAboutAccess)).toEqual([]);
  });
});
