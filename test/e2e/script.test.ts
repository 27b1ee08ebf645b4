/** The script `manifeed` at the top of the repository. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

describe('the script manifeed', () => {
  const script = new URL('../../manifeed', import.meta.url).pathname;
  const folder = mkdtempSync(join(tmpdir(), 'manifeed-script-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('runs from any folder, also through a link, with the Node of this repository', () => {
    symlinkSync(script, join(folder, 'link'));
    const { stdout, stderr } = spawnSync(join(folder, 'link'), ['--version'], {
      cwd: folder,
      encoding: 'utf8',
      env: { PATH: '/usr/bin:/bin' },
    });
    expect([stdout, stderr]).toEqual([expect.stringMatching(/^\d+\.\d+\.\d+\n$/), '']);
  });

  it('says that npm ci is missing', () => {
    copyFileSync(script, join(folder, 'manifeed'));
    const { status, stderr } = spawnSync(join(folder, 'manifeed'), ['--version'], { encoding: 'utf8' });
    expect([status, stderr]).toEqual([1, expect.stringContaining('run "npm ci" in')]);
  });
});
