/** The file of `manifeed watch --state`. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { StateFile } from '../../../../src/cli/watch/state.ts';

const folder = mkdtempSync(join(tmpdir(), 'manifeed-state-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What happened to a position that was saved: null: nothing bad. */
async function save(path: string): Promise<string | null> {
  let fault: Error | null = null;
  const state = new StateFile(path, (error) => {
    fault = error;
  });
  state.save('e-1');
  await state.idle();
  return fault === null ? null : String(fault);
}

describe('the state file', () => {
  it('has the position that was saved', async () => {
    const path = join(folder, 'position');
    expect(await save(path)).toBeNull();
    expect(readFileSync(path, 'utf8')).toBe('e-1\n');
  });

  it('says of a folder that is not there that it must exist', async () => {
    const path = join(folder, 'none', 'position');
    expect(await save(path)).toBe(`Error: ${path}: its folder must exist (ENOENT)`);
  });

  it('says that a folder is no file', async () => {
    const path = join(folder, 'folder');
    mkdirSync(path);
    const fault = `${path}: must be a file, not a folder (EISDIR)`;
    await expect(new StateFile(path, () => {}).load()).rejects.toThrow(fault);
    expect(await save(path)).toBe(`Error: ${fault}`);
  });

  it('says of a file in the place of its folder what must be there', async () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    const fault = `${file}/position: a part of the path is no folder: must be one (ENOTDIR)`;
    await expect(new StateFile(`${file}/position`, () => {}).load()).rejects.toThrow(fault);
  });
});
