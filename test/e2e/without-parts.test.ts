/** A run of the tests on a machine that lacks a program that some of them use. */
import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';

const root = new URL('../..', import.meta.url).pathname;

/** One file that needs redis-server and one that needs nothing. */
function runWithoutRedis(ci: string): { code: number | null; output: string } {
  const vitest = `${root}node_modules/vitest/vitest.mjs`;
  const files = ['test/unit/parts.test.ts', 'test/e2e/cluster.test.ts'];
  const { CI: _ci, VITEST: _vitest, ...inherited } = process.env;
  const child = spawnSync(process.execPath, [vitest, 'run', '--maxWorkers=1', ...files], {
    cwd: root,
    encoding: 'utf8',
    env: { ...inherited, ...(ci === '' ? {} : { CI: ci }), TEST_WITHOUT: 'redis-server', NO_COLOR: '1' },
  });
  return { code: child.status, output: child.stdout + child.stderr };
}

it('runs the rest and prints what it left out', () => {
  const { code, output } = runWithoutRedis('');
  expect(output).toContain('test/e2e/cluster.test.ts: needs redis-server');
  expect(output).toMatch(/Test Files +1 passed/);
  expect(code).toBe(0);
});

it('fails with CI=true, and names the program and the command that installs it', () => {
  const { code, output } = runWithoutRedis('true');
  expect(output).toMatch(/CI=true: redis-server.* not installed, .*npm run setup/);
  expect(code).not.toBe(0);
});
