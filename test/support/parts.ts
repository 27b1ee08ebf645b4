/**
 * The programs that tests use, and which test files need them. A test file names its programs in a comment:
 * `@needs redis-server`. If a program is missing, the run leaves out the files that need it and names them at the
 * end. With `CI=true` the run fails instead.
 */
import { accessSync, constants, globSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

export interface Part {
  /** Its name in PATH. */
  readonly program: string;
  /** The Debian package that contains it. */
  readonly package: string;
  /** What it is for. */
  readonly use: string;
}

/** Every program that the tests use and npm does not install. */
export const parts: readonly Part[] = [
  { program: 'redis-server', package: 'redis-server', use: 'the Redis ledger, and several gateways on it' },
  {
    program: 'docker-registry',
    package: 'docker-registry',
    use: 'a real registry that sends webhooks and is polled',
  },
  { program: 'chromium', package: 'chromium', use: 'a real browser' },
  { program: 'skopeo', package: 'skopeo', use: 'a real registry client' },
];

/** Debian installs some servers outside an ordinary user's PATH. */
const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/bin', '/usr/sbin', '/usr/local/bin'];

/** `TEST_WITHOUT=redis-server,chromium` runs the tests as on a machine that lacks them. */
const hidden = new Set((process.env.TEST_WITHOUT ?? '').split(','));

/** The path of the program: in PATH, or where Debian puts servers. Null if it is not installed. */
export function programFile(program: string): string | null {
  if (hidden.has(program)) return null;
  return folders.map((folder) => join(folder, program)).find(isExecutable) ?? null;
}

export function isInstalled(program: string): boolean {
  return programFile(program) !== null;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

export function missingParts(): readonly Part[] {
  return parts.filter(({ program }) => !isInstalled(program));
}

export interface LeftOut {
  /** The test file, relative to the project. */
  readonly file: string;
  /** The missing programs that it needs. */
  readonly needs: readonly string[];
}

/** The test files below `root` that need a missing part. */
export function filesLeftOut(root: string): readonly LeftOut[] {
  const missing = new Set(missingParts().map(({ program }) => program));
  if (missing.size === 0) return [];
  return globSync('test/**/*.test.ts', { cwd: root }).flatMap((file) => {
    const needs = needsOf(readFileSync(join(root, file), 'utf8')).filter((program) => missing.has(program));
    return needs.length === 0 ? [] : [{ file, needs }];
  });
}

/** The programs that a test file names in its line `// @needs …`. */
export function needsOf(source: string): readonly string[] {
  return (/^\/\/ @needs ([a-z0-9 -]+)$/m.exec(source)?.[1] ?? '').trim().split(/\s+/).filter(Boolean);
}
