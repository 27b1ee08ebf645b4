/**
 * What `npm pack` makes of the gateway, installed into an empty folder with the dependencies that it declares and no
 * others: it serves, with its dashboard, and has the client's code, not the client as a dependency.
 */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { publint } from 'publint';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { endGroup, startChild } from '../../support/child.ts';
import { digest } from '../../support/gateway.ts';
import { patienceMs } from '../../support/inbox.ts';

const root = new URL('../../..', import.meta.url).pathname;
/** The Node that runs the tests, and npm's own variables left out: they would lead npm to this repository. */
const env = {
  PATH: [dirname(process.execPath), process.env.PATH].join(delimiter),
  HOME: process.env.HOME ?? '',
  NODE_NO_WARNINGS: '1',
};
let folder: string;
let project: string;
let files: readonly string[];

const manifest = z.object({
  bin: z.record(z.string(), z.string()),
  dependencies: z.record(z.string(), z.string()),
  version: z.string(),
});
const clientManifest = manifest
  .omit({ bin: true })
  .parse(JSON.parse(readFileSync(join(root, 'client/package.json'), 'utf8')));
const readManifest = (path: string) => manifest.parse(JSON.parse(readFileSync(path, 'utf8')));

function run(cwd: string, program: string, ...args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, { cwd, encoding: 'utf8', env });
  if (status === 0) return stdout;
  throw new Error(`run ${program} ${args.join(' ')}: ${status} ${error ?? ''} ${stdout}${stderr}`);
}

/** A copy of what the build reads, so that `prepare` runs as it does at a release. Returns the tarball. */
function pack(): string {
  const staging = join(folder, 'staging');
  mkdirSync(staging);
  const built = [
    'package.json',
    'tsconfig.json',
    'tsconfig.build.json',
    'scripts',
    'src',
    'client',
    'dashboard',
  ];
  const shipped = [
    'README.md',
    'LICENSE',
    'PROTOCOL.md',
    'ARCHITECTURE.md',
    'CHANGELOG.md',
    'SECURITY.md',
    'docs',
    'examples',
    'deploy',
  ];
  const isSource = (path: string) => !/\/(?:node_modules|dist)$/.test(path);
  for (const name of [...built, ...shipped])
    cpSync(join(root, name), join(staging, name), { recursive: true, filter: isSource });
  symlinkSync(join(root, 'node_modules'), join(staging, 'node_modules'));
  run(staging, 'npm', 'run', 'prepare');
  const told = run(staging, 'npm', 'pack', '--json', '--ignore-scripts', '--pack-destination', folder);
  const [tarball] = z
    .array(z.object({ filename: z.string(), files: z.array(z.object({ path: z.string() })) }))
    .parse(JSON.parse(told));
  files = tarball?.files.map(({ path }) => path) ?? [];
  return join(folder, tarball?.filename ?? '');
}

/** As `npm install` does it, but without a registry: the dependencies are copied from here, by package-lock.json. */
function install(tarball: string): void {
  const modules = join(project, 'node_modules');
  const own = join(modules, 'manifeed');
  mkdirSync(join(modules, '.bin'), { recursive: true });
  mkdirSync(own);
  run(own, 'tar', 'xzf', tarball, '--strip-components', '1');
  const { bin } = readManifest(join(own, 'package.json'));
  for (const [name, file] of Object.entries(bin)) {
    // As npm does with programs.
    chmodSync(join(own, file), 0o755);
    symlinkSync(join('../manifeed', file), join(modules, '.bin', name));
  }
  const entry = z.object({ dev: z.boolean().optional(), link: z.boolean().optional() });
  const lock = z.object({ packages: z.record(z.string(), entry) });
  const { packages } = lock.parse(JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')));
  for (const [path, { dev, link }] of Object.entries(packages)) {
    const isAtTop = /^node_modules\/(?:@[^/]+\/)?[^/]+$/.test(path);
    if (!isAtTop || dev === true || link === true || !existsSync(join(root, path))) continue;
    cpSync(join(root, path), join(project, path), { recursive: true });
  }
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'manifeed-package-'));
  project = join(folder, 'project');
  mkdirSync(project);
  install(pack());
}, 240_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('has what runs and what people read, and nothing else', () => {
  expect(files).toEqual(
    expect.arrayContaining([
      ...['dist/src/main.js', 'dist/client/src/index.js', 'dist/ui/index.html'],
      ...['README.md', 'LICENSE', 'PROTOCOL.md', 'docs/commands.md', 'docs/configuration.md'],
    ]),
  );
  expect(files.filter((file) => /\.lua$/.test(file)).length).toBeGreaterThan(10);
  const others =
    /^(?:dist\/(?:src|client\/src)\/.*\.(?:js|js\.map|lua)|dist\/ui\/.*|(?:docs|examples|deploy)\/.*|[A-Z]+(?:\.md)?|package\.json)$/;
  expect(files.filter((file) => !others.test(file))).toEqual([]);
});

it('has what its documents link, except what only makes sense in the repository', () => {
  const inRepository = /^(?:client|load-tests|test)\/|^(?:CONTRIBUTING\.md|compose\.yaml)$/;
  const documents = files.filter((file) => file.endsWith('.md'));
  const links = documents.flatMap((file) =>
    [...readFileSync(join(root, file), 'utf8').matchAll(/\]\((?!https?:|#)([^)\s#]+)/g)].map(
      ([, path = '']) => join(dirname(file), path).replace(/\/$/, ''),
    ),
  );
  expect(links.filter((path) => path.startsWith('examples/')).length).toBeGreaterThan(5);
  const has = (path: string) => files.some((file) => file === path || file.startsWith(`${path}/`));
  expect(links.filter((path) => !inRepository.test(path) && !has(path))).toEqual([]);
});

it('can be run by npx after each build', () => {
  expect(statSync(join(folder, 'staging/dist/src/main.js')).mode & 0o111).toBe(0o111);
});

it('depends on what it uses, and not on the client, which no registry has', () => {
  const { dependencies } = readManifest(join(project, 'node_modules/manifeed/package.json'));
  expect(Object.keys(dependencies)).not.toContain('manifeed-client');
  expect(existsSync(join(project, 'node_modules/manifeed-client'))).toBe(false);
  expect(existsSync(join(project, 'node_modules/preact'))).toBe(false);
  expect(dependencies['eventsource-parser']).toBe(clientManifest.dependencies['eventsource-parser']);
});

it('npx manifeed serve listens, with its dashboard, and npx manifeed watch follows it', async () => {
  const args = ['manifeed', 'serve', '--listen', '127.0.0.1:0', '--drain.window', '0s'];
  // A group of its own: npx starts a shell, which does not pass a signal on.
  const gateway = startChild('npx', args, { cwd: project, env, detached: true });
  try {
    await gateway.says('"url":"http:', patienceMs * 2);
    const url = /"url":"(http:[^"]+)"/.exec(gateway.output())?.[1] ?? '';
    // The default ledger is beside the project.
    expect(existsSync(join(project, 'data/manifeed.db'))).toBe(true);
    const page = await (await fetch(`${url}/ui/`)).text();
    const script = /src="\.\/(assets\/[^"]+\.js)"/.exec(page)?.[1];
    expect((await fetch(`${url}/ui/${script}`)).status).toBe(200);
    const published = run(project, 'npx', 'manifeed', 'publish', 'app:1', digest('a'), '--gateway', url);
    expect(published).toMatch(/^changed\tapp:1\t/);
    const followed = ['watch', 'app', '--since', '1h', '--count', '1', '--gateway', url];
    expect(run(project, 'npx', 'manifeed', ...followed)).toContain('\tdocker.io/library/app:1\t');
  } finally {
    endGroup(gateway, 'SIGTERM');
    await gateway.ended;
  }
});

it('npx manifeed tells its version, and reads a configuration', () => {
  const { version } = readManifest(join(root, 'package.json'));
  expect(run(project, 'npx', 'manifeed', '--version')).toBe(`${version}\n`);
  expect(run(project, 'npx', 'manifeed', 'config')).toContain('listen:');
});

it('is clean for publint', async () => {
  const pkgDir = join(project, 'node_modules/manifeed');
  expect((await publint({ pkgDir, pack: false, strict: true })).messages).toEqual([]);
});
