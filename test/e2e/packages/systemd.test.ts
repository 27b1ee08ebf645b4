// @needs systemd-analyze
/** systemd accepts deploy/systemd/manifeed.service, and finds little that the service may do. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { programFile } from '../../support/parts.ts';
import { unitFile } from '../../support/systemd-unit.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'manifeed-systemd-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function analyze(...args: readonly string[]) {
  return spawnSync(programFile('systemd-analyze') ?? '', args, { encoding: 'utf8' });
}

it('systemd-analyze verify finds no fault', () => {
  // It wants to find the program, which is not installed here.
  const program = join(folder, 'manifeed');
  writeFileSync(program, '#!/bin/sh\n', { mode: 0o755 });
  const unit = join(folder, 'manifeed.service');
  const text = readFileSync(unitFile, 'utf8').replaceAll('/opt/manifeed/node_modules/.bin/manifeed', program);
  writeFileSync(unit, text);
  const verified = analyze('verify', unit);
  expect([verified.status, verified.stderr]).toEqual([0, '']);
  writeFileSync(unit, text.replace('LimitNOFILE=', 'LimitNOFIL='));
  expect(analyze('verify', unit).stderr).toMatch(/Unknown key.* 'LimitNOFIL'/);
});

it('systemd-analyze security finds an exposure of at most 1.5 of 10', () => {
  const { stdout } = analyze('security', '--offline=yes', '--no-pager', unitFile);
  expect(Number(/exposure level for manifeed\.service: ([0-9.]+)/.exec(stdout)?.[1])).toBeLessThanOrEqual(
    1.5,
  );
});
