/** Prometheus's own checks of `deploy/prometheus/`. */
// @needs promtool
import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { programFile } from '../support/parts.ts';

const folder = new URL('../../deploy/prometheus/', import.meta.url);

function promtool(...args: readonly string[]): { readonly status: number | null; readonly output: string } {
  const { status, stdout, stderr } = spawnSync(programFile('promtool') ?? '', args, { cwd: folder });
  return { status, output: `${stdout}${stderr}` };
}

test('promtool takes the alerts', () => {
  const { status, output } = promtool('check', 'rules', 'rules.yaml');
  expect(output).toMatch(/SUCCESS: \d+ rules found/);
  expect(status).toBe(0);
});

test('each alert fires when it should, and not otherwise', () => {
  const { status, output } = promtool('test', 'rules', 'rules.test.yaml');
  expect(output).toContain('SUCCESS');
  expect(status).toBe(0);
});
