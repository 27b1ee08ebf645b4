// @needs redis-server docker-registry chromium skopeo go
// On a machine that lacks one, this would install it.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

it('npm run setup does nothing on a machine that has every program', () => {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const child = spawnSync('npm', ['run', '-s', 'setup'], { cwd: root, encoding: 'utf8' });
  expect(child.stdout).toBe('Nothing to do: every program that the tests use is installed.\n');
  expect(child.status).toBe(0);
});
