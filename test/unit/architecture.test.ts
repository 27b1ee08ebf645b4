/** ARCHITECTURE's map and the confinement of libraries, held against the sources. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** Of a file, by folder. */
const maxLines = { src: 350, 'client/src': 350, 'dashboard/src': 200, 'load-tests': 400 } as const;
/** Of the composition root, which only constructs. */
const maxLinesOfRoot = 150;
/** Files in `src` itself. */
const maxAtTheTop = 5;
/** Files of one folder whose names begin with the same word and a dash: with more, the word wants a folder. */
const maxOfOnePrefix = 3;

interface Source {
  /** Relative to the project, with `/`. */
  readonly path: string;
  readonly text: string;
  /** Project files that it imports, types included, relative to the project. */
  readonly imports: readonly string[];
  /** Packages and Node modules that it imports. */
  readonly packages: readonly string[];
}

function read(folder: string): Source[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => {
      const absolute = join(entry.parentPath, entry.name);
      const path = absolute
        .slice(root.length)
        .replace(/^[\\/]/, '')
        .replaceAll('\\', '/');
      const text = readFileSync(absolute, 'utf8');
      const named = [...text.matchAll(/(?:\bfrom\s+|\bimport\s*\(?\s*)['"]([^'"]+)['"]/g)].map(
        (match) => match[1] ?? '',
      );
      const local = named.filter((name) => name.startsWith('.'));
      return {
        path,
        text,
        imports: local.map((name) => resolve(path, name)),
        packages: named.filter((name) => !name.startsWith('.')),
      };
    });
}

function resolve(from: string, name: string): string {
  return posix.normalize(posix.join(dirname(from), name));
}

const sources = read('src');
const client = read('client/src');
const dashboard = read('dashboard/src');

/** A row of ARCHITECTURE's map: the one list of who may import whom. */
interface Room {
  readonly name: string;
  /** Folders and files, `src/…`. */
  readonly paths: readonly string[];
  /** What it may import besides itself, lib and errors; null: everything but main. */
  readonly may: readonly string[] | null;
}

const rooms: readonly Room[] = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8')
  .split('\n')
  .flatMap((line) => {
    const [, names = '', , imports = ''] = line.split('|').map((cell) => cell.trim());
    const paths = [...names.matchAll(/`(src\/[^`]+)`/g)].map((match) => match[1] ?? '');
    if (paths.length === 0 || !/^\| `src\//.test(line)) return [];
    const named = imports.split(', ').map((name) => name.replaceAll('`', ''));
    const may =
      imports === '–' ? [] : named.map((name) => (name.startsWith('client/') ? name : `src/${name}`));
    return [{ name: paths.join(', '), paths, may: imports.startsWith('everything') ? null : may }];
  });

function isIn(path: string, places: readonly string[]): boolean {
  return places.some((place) => path === place || path.startsWith(`${place}/`));
}

/** Where each library, and the environment, may be met. */
const confined: readonly { library: RegExp; files: RegExp }[] = [
  { library: /^ioredis(?:\/|$)/, files: /^src\/(?:redis|ledger\/redis|cluster\/redis)\// },
  { library: /^better-sqlite3(?:\/|$)/, files: /^src\/ledger\/sqlite\// },
  { library: /^undici(?:\/|$)/, files: /^src\/(?:upstream|target\/call)\// },
  { library: /^nodemailer(?:\/|$)/, files: /^src\/target\/call\// },
  { library: /^ws(?:\/|$)/, files: /^src\/transport\/websocket\// },
  {
    library: /^(?:fastify|@fastify\/.*)$/,
    files: /^src\/(?:http\/|transport\/|access\/[a-z-]+\.ts$|source\/webhook\/(?:body\/)?[a-z-]+\.ts$)/,
  },
  { library: /^prom-client(?:\/|$)/, files: /^src\/http\/metrics[a-z-]*\.ts$/ },
  { library: /^yaml(?:\/|$)/, files: /^src\/(?:config|cli)\// },
];

function roomOf(path: string): Room | undefined {
  return rooms.find((room) => isIn(path, room.paths));
}

describe('the sources', () => {
  it('belong to a room each', () => {
    expect(rooms.length).toBeGreaterThan(10);
    expect(
      sources.filter((source) => roomOf(source.path) === undefined).map((source) => source.path),
    ).toEqual([]);
  });

  it.each(rooms)('$name imports only what the map allows', (room) => {
    const allowed = [...room.paths, ...(room.may ?? ['src']), 'src/lib', 'src/errors.ts'];
    const offending = sources
      .filter((source) => roomOf(source.path) === room)
      .flatMap((source) => source.imports.map((imported) => ({ from: source.path, imported })))
      .filter(({ from, imported }) => {
        if (imported === 'src/main.ts') return true;
        if (from.startsWith('src/lib/'))
          return !imported.startsWith('src/lib/') && imported !== 'src/errors.ts';
        return !isIn(imported, allowed);
      })
      .map(({ from, imported }) => `${from} → ${imported}`);
    expect(offending).toEqual([]);
  });

  it.each(confined)('keep $library where it belongs', ({ library, files }) => {
    const offending = sources
      .filter((source) => source.packages.some((name) => library.test(name)) && !files.test(source.path))
      .map((source) => source.path);
    expect(offending).toEqual([]);
  });

  it('read the environment in one file alone', () => {
    const readers = sources.filter((source) => /\bprocess\s*\.\s*env\b/.test(withoutComments(source.text)));
    expect(readers.map((source) => source.path)).toEqual(['src/config/environment.ts']);
  });

  it('import each other with their extension, and in no circle', () => {
    const bySelf = new Map(sources.map((source) => [source.path, source]));
    const entries = ['client/src/index.ts', 'client/src/node/index.ts'];
    const imports = sources.flatMap((source) => source.imports);
    const unknown = imports.filter((imported) => !bySelf.has(imported) && !entries.includes(imported));
    expect(unknown).toEqual([]);
    expect(findCircle(bySelf)).toBeNull();
  });

  it('of the commands reach a gateway through the client alone', () => {
    const network = /from 'node:(?:http|https|http2|net|tls|dgram)'|\bfetch\(|\bnew WebSocket\(/;
    const commands = sources.filter(({ path }) => path.startsWith('src/cli/'));
    expect(commands.length).toBeGreaterThan(20);
    expect(commands.filter(({ text }) => network.test(text)).map(({ path }) => path)).toEqual([]);
  });

  it('are all reached from main.ts: an endpoint, a kind or a lister that no list names is missed', () => {
    const bySelf = new Map(sources.map((source) => [source.path, source]));
    // The worker is loaded by its URL.
    const reached = new Set(['src/main.ts', 'src/ledger/sqlite/worker.ts']);
    for (const path of reached) for (const imported of bySelf.get(path)?.imports ?? []) reached.add(imported);
    const files = sources.map(({ path }) => path).filter((path) => !path.endsWith('.d.ts'));
    expect(files.filter((path) => !reached.has(path))).toEqual([]);
  });

  it('hold no unfinished work and no way round the type checker', () => {
    const marks = /\b(?:TODO|FIXME|XXX)\b|@ts-[a-z]+|biome-ignore/;
    const casts = /\bas any\b|\bas unknown as\b/;
    const offending = [...sources, ...client, ...dashboard].filter(
      (source) => marks.test(source.text) || casts.test(withoutComments(source.text)),
    );
    expect(offending.map((source) => source.path)).toEqual([]);
  });

  it.each(['src', 'client/src', 'dashboard/src', 'load-tests'] as const)(
    'in %s stay below the longest file',
    (folder) => {
      const long = read(folder).filter((source) => source.text.split('\n').length - 1 > maxLines[folder]);
      expect(long.map((source) => source.path)).toEqual([]);
    },
  );

  it('keep the composition root short', () => {
    const root = sources.find(({ path }) => path === 'src/gateway.ts')?.text ?? '';
    expect(root.split('\n').length - 1).toBeLessThanOrEqual(maxLinesOfRoot);
  });

  it('leave src itself to the few files that start and join the rooms', () => {
    const top = sources.filter((source) => dirname(source.path) === 'src');
    expect(top.length).toBeLessThanOrEqual(maxAtTheTop);
  });

  it('get a folder once four names in one begin with the same word and a dash', () => {
    const beginnings = [...sources, ...client, ...dashboard].flatMap(
      ({ path }) => /^.*\/[^/-]+-/.exec(path)?.[0] ?? [],
    );
    const crowded = beginnings.filter(
      (beginning) => beginnings.filter((other) => other === beginning).length > maxOfOnePrefix,
    );
    expect([...new Set(crowded)]).toEqual([]);
  });
});

describe('the client', () => {
  const bySelf = new Map(client.map((source) => [source.path, source]));

  it('imports nothing outside itself', () => {
    expect(client.length).toBeGreaterThan(20);
    expect(client.flatMap(({ imports }) => imports.filter((imported) => !bySelf.has(imported)))).toEqual([]);
  });

  it('has one dependency, and meets Node only where no page loads it', () => {
    const packages = (files: readonly Source[]) => [...new Set(files.flatMap((file) => file.packages))];
    const inNode = (path: string) => path.startsWith('client/src/node/');
    expect(packages(client.filter(({ path }) => !inNode(path)))).toEqual(['eventsource-parser']);
    expect(packages(client.filter(({ path }) => inNode(path)))).toEqual(['node:fs/promises']);
    const reached = new Set(['client/src/index.ts']);
    for (const path of reached) for (const imported of bySelf.get(path)?.imports ?? []) reached.add(imported);
    expect([...reached].filter(inNode)).toEqual([]);
    expect(client.filter(({ path }) => !reached.has(path) && !inNode(path))).toEqual([]);
  });

  it('has no circle of imports', () => {
    expect(findCircle(bySelf)).toBeNull();
  });
});

describe('the dashboard', () => {
  const bySelf = new Map(dashboard.map((source) => [source.path, source]));

  it('imports nothing outside itself but the client', () => {
    expect(dashboard.length).toBeGreaterThan(20);
    const outside = dashboard.flatMap(({ imports }) => imports.filter((imported) => !bySelf.has(imported)));
    expect([...new Set(outside)]).toEqual(['client/src/index.ts']);
    const packages = dashboard.flatMap((source) => source.packages);
    const allowed = ['preact', 'preact/hooks', '@preact/signals', 'uplot'];
    expect(packages.filter((name) => !allowed.includes(name))).toEqual([]);
  });

  it('keeps lib and keys free of the page and of its data', () => {
    const pure = dashboard.filter(({ path }) => /^dashboard\/src\/(?:lib|keys)\//.test(path));
    expect(pure.length).toBeGreaterThan(5);
    const beyond = pure.flatMap(({ imports, packages }) => [...packages, ...imports]);
    expect(beyond.filter((name) => !/^dashboard\/src\/(?:lib|keys)\//.test(name))).toEqual([]);
    const page = /\b(?:document|window|location|navigator|history|localStorage|sessionStorage)\./;
    expect(pure.filter(({ text }) => page.test(withoutComments(text))).map(({ path }) => path)).toEqual([]);
  });

  it('makes nodes of no string, and keeps no cookie: the policy of the page forbids both', () => {
    const risky = /innerHTML|outerHTML|insertAdjacentHTML|document\.(?:write|cookie)|\beval\(|new Function/;
    const offending = dashboard.filter(({ text }) => risky.test(withoutComments(text)));
    expect(offending.map(({ path }) => path)).toEqual([]);
  });

  it('has no circle of imports, and each file is reached', () => {
    expect(findCircle(bySelf)).toBeNull();
    const reached = new Set(['dashboard/src/main.tsx']);
    for (const path of reached) for (const imported of bySelf.get(path)?.imports ?? []) reached.add(imported);
    expect(dashboard.map(({ path }) => path).filter((path) => !reached.has(path))).toEqual([]);
  });
});

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
}

/** The first circle of imports, types included, as a list of files; null if there is none. */
function findCircle(files: ReadonlyMap<string, Source>): readonly string[] | null {
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): readonly string[] | null => {
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path];
    if (done.has(path)) return null;
    for (const imported of files.get(path)?.imports ?? []) {
      const circle = visit(imported, [...trail, path]);
      if (circle !== null) return circle;
    }
    done.add(path);
    return null;
  };
  for (const path of files.keys()) {
    const circle = visit(path, []);
    if (circle !== null) return circle;
  }
  return null;
}
