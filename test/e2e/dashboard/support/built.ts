/** The dashboard as the gateway serves it: built from the sources as they are now. */
import { execFile } from 'node:child_process';
import { globSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { isAlive } from '../../../support/child.ts';
import { until } from '../../../support/until.ts';

const root = fileURLToPath(new URL('../../../..', import.meta.url));
const page = join(root, 'dist/ui/index.html');
/** Holds the process id of who builds. */
const lock = join(root, 'dist/ui.building');
/** How long others may build before this one, ms. */
const waitMs = 100_000;

/** Builds it if a source is newer. Test files run side by side, and vite empties the folder first: one at a time. */
export async function builtDashboard(): Promise<void> {
  mkdirSync(join(root, 'dist'), { recursive: true });
  await until('nobody else builds the dashboard', takeLock, waitMs);
  try {
    if (newestSource() < modifiedAt(page)) return;
    // A process of its own: vitest sets NODE_ENV, and vite would build for tests.
    const env = { PATH: process.env.PATH ?? '', NODE_ENV: 'production' };
    await promisify(execFile)('npm', ['run', '-s', 'build:dashboard'], { cwd: root, env });
  } finally {
    rmSync(lock);
  }
}

function takeLock(): boolean {
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' });
    return true;
  } catch {
    // A run that was killed leaves its lock behind.
    if (!isAlive(Number(readFileSync(lock, 'utf8')))) rmSync(lock, { force: true });
    return false;
  }
}

function newestSource(): number {
  const files = globSync(['dashboard/**/*.*', 'client/src/**/*.ts', 'package-lock.json'], { cwd: root });
  return Math.max(...files.map((file) => modifiedAt(join(root, file))));
}

/** Ms since the epoch; 0: there is no such file. */
function modifiedAt(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
