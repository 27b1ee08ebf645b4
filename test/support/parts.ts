/**
 * The programs that tests use, and which test files need them. A test file names its programs in a comment:
 * `@needs redis-server`. If a program is missing, the run leaves out the files that need it and names them at the
 * end. With `CI=true` the run fails instead.
 */
import { accessSync, constants, existsSync, globSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Part {
  /** Its name in PATH. */
  readonly program: string;
  /** The Debian package that contains it. */
  readonly package: string;
  /** What it is for. */
  readonly use: string;
}

/** A program that no run must have, CI neither: Debian has none, or one that is too old or too large. */
export interface OptionalPart {
  readonly program: string;
  /** A folder with a `go.mod`, relative to the project: the modules that it names must have been downloaded too. */
  readonly modules?: string;
  /** How to get it. */
  readonly advice: string;
}

/** The programs that the tests use, npm does not install, and CI must have. */
export const parts: readonly Part[] = [
  { program: 'redis-server', package: 'redis-server', use: 'the Redis ledger, and several gateways on it' },
  {
    program: 'docker-registry',
    package: 'docker-registry',
    use: 'a real registry that sends webhooks and is polled',
  },
  { program: 'chromium', package: 'chromium', use: 'a real browser' },
  { program: 'nginx', package: 'nginx', use: 'the dashboard below a path of a proxy' },
  { program: 'haproxy', package: 'haproxy', use: 'the dashboard below a path of a proxy' },
  { program: 'skopeo', package: 'skopeo', use: 'a real registry client' },
  { program: 'promtool', package: 'prometheus', use: "Prometheus's checks of the alerts" },
  { program: 'openssl', package: 'openssl', use: 'certificates for TLS' },
];

/**
 * Go: clients built on the libraries of crane, oras and containerd, and the conformance tests of registries.
 * systemd and Helm: what `deploy/` has for them. nginx: a real proxy, for what proxies do to streams. Diun: a tool that a
 * target runs.
 */
export const optionalParts: readonly OptionalPart[] = [
  {
    program: 'go',
    modules: 'test/e2e/clients',
    advice: 'Go 1.26 or newer from https://go.dev/dl, then npm run setup',
  },
  { program: 'systemd-analyze', advice: 'part of systemd 250 or newer' },
  { program: 'nginx', advice: 'the Debian package nginx-light; its service need not run' },
  { program: 'helm', advice: 'Helm 3 from https://helm.sh, or: go install helm.sh/helm/v3/cmd/helm@latest' },
  { program: 'diun', advice: 'Diun 4 from https://crazymax.dev/diun' },
];

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Debian installs some servers outside an ordinary user's PATH. */
const folders = [
  ...(process.env.PATH ?? '').split(delimiter),
  ...['/usr/bin', '/usr/sbin', '/usr/local/bin', '/usr/local/go/bin'],
];

/** `TEST_WITHOUT=redis-server,chromium` runs the tests as on a machine that lacks them. */
const hidden = new Set((process.env.TEST_WITHOUT ?? '').split(','));

/** The path of the program: in PATH, or where Debian puts servers. Null if it is not installed. */
export function programFile(program: string): string | null {
  if (hidden.has(program)) return null;
  return folders.map((folder) => join(folder, program)).find(isExecutable) ?? null;
}

/** Whether the program can be used: with its modules, if it is one of `optionalParts`. */
export function isInstalled(program: string): boolean {
  if (programFile(program) === null) return false;
  const modules = optionalParts.find((part) => part.program === program)?.modules;
  return modules === undefined || hasModules(join(root, modules));
}

/** Whether Go has downloaded what the `go.mod` names itself. The rest is downloaded with it (`go mod download`). */
function hasModules(folder: string): boolean {
  const { GOMODCACHE, GOPATH = join(homedir(), 'go') } = process.env;
  const cache = GOMODCACHE ?? join(GOPATH.split(delimiter)[0] ?? '', 'pkg', 'mod');
  const lines = readFileSync(join(folder, 'go.mod'), 'utf8').split('\n');
  const named = lines.flatMap((line) => /^\t(\S+) (v\S+)$/.exec(line)?.slice(1).join('@') ?? []);
  return named.every((module) => existsSync(join(cache, module)));
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

function isMissing(program: string): boolean {
  return !isInstalled(program);
}

export interface LeftOut {
  /** The test file, relative to the project. */
  readonly file: string;
  /** The missing programs that it needs. */
  readonly needs: readonly string[];
}

/** The test files below `root` that need a missing part. */
export function filesLeftOut(root: string): readonly LeftOut[] {
  const missing = new Set([...parts, ...optionalParts].map(({ program }) => program).filter(isMissing));
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
