/** The client as users get it: packed, and installed into an empty project. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = new URL('../../../..', import.meta.url).pathname;

export interface Installed {
  /** The project. */
  readonly folder: string;
  /** Files in the tarball, without `package/`. */
  readonly files: readonly string[];
  remove(): void;
}

/**
 * Compiles, packs and installs the client. Its dependency is packed from here too, so no registry is asked. The build
 * has a folder of its own: tests run side by side.
 */
export function installClient(): Installed {
  const folder = mkdtempSync(join(tmpdir(), 'manifeed-client-'));
  const [staging, project] = [join(folder, 'staging'), join(folder, 'project')];
  mkdirSync(staging);
  mkdirSync(project);
  for (const name of ['package.json', 'README.md', 'LICENSE'])
    copyFileSync(join(root, 'client', name), join(staging, name));
  run(root, join(root, 'node_modules/.bin/tsc'), '-p', 'client', '--outDir', join(staging, 'dist'));
  const files = pack(staging, folder);
  pack(join(root, 'node_modules/eventsource-parser'), folder);
  writeFileSync(join(project, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
  const tarballs = run(folder, 'ls')
    .split('\n')
    .filter((name) => name.endsWith('.tgz'));
  const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--offline'];
  run(project, 'npm', 'install', ...flags, ...tarballs.map((name) => join(folder, name)));
  cpSync(join(root, 'test/e2e/client/support/follower.mjs'), join(project, 'follower.mjs'));
  return { folder: project, files, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

function pack(from: string, to: string): readonly string[] {
  const told = run(to, 'npm', 'pack', '--json', '--ignore-scripts', from);
  const [tarball] = JSON.parse(told) as [{ files: { path: string }[] }];
  return tarball.files.map(({ path }) => path);
}

function run(cwd: string, program: string, ...args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, { cwd, encoding: 'utf8' });
  if (status === 0) return stdout;
  throw new Error(`run ${program} ${args.join(' ')}: ${status} ${error ?? ''} ${stdout}${stderr}`);
}
