/** DESIGN's import table and the confinement of libraries, read off the sources. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const maxLines = 400;

interface Source {
  /** Relative to the project, with `/`. */
  readonly path: string;
  readonly text: string;
  /** Project files that it imports, relative to the project. */
  readonly imports: readonly string[];
  /** Those of them that are still there when the types are gone. */
  readonly loads: readonly string[];
  /** Packages and Node modules that it imports. */
  readonly packages: readonly string[];
}

function read(folder: string): Source[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
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
      const onlyTypes = new Set(
        [...text.matchAll(/^(?:import|export) type [^;]*?\sfrom\s+['"]([^'"]+)['"]/gm)].map(
          (match) => match[1],
        ),
      );
      return {
        path,
        text,
        imports: local.map((name) => resolve(path, name)),
        loads: local.filter((name) => !onlyTypes.has(name)).map((name) => resolve(path, name)),
        packages: named.filter((name) => !name.startsWith('.')),
      };
    });
}

function resolve(from: string, name: string): string {
  return posix.normalize(posix.join(dirname(from), name));
}

const sources = read('src');

/** What each part may import besides itself, lib and errors. A part's files are those that match first. */
const parts: readonly { name: string; files: RegExp; may: readonly RegExp[] }[] = [
  { name: 'errors', files: /^src\/errors\.ts$/, may: [] },
  { name: 'lib', files: /^src\/lib\//, may: [] },
  { name: 'event', files: /^src\/event\//, may: [] },
  { name: 'pacing', files: /^src\/pacing\//, may: [/^src\/event\//] },
  { name: 'ledger', files: /^src\/ledger\//, may: [/^src\/event\//] },
  { name: 'source', files: /^src\/source\//, may: [/^src\/event\//] },
  {
    name: 'fanout',
    files: /^src\/fanout\//,
    may: [/^src\/event\//, /^src\/ledger\/ledger\.ts$/, /^src\/pacing\//],
  },
  { name: 'transport', files: /^src\/transport\//, may: [/^src\/event\//, /^src\/fanout\//] },
  { name: 'http', files: /^src\/http\//, may: [] },
  { name: 'config', files: /^src\/config(?:-[a-z-]+)?\.ts$/, may: [] },
  { name: 'cli', files: /^src\/cli\//, may: [/^src\/config(?:-[a-z-]+)?\.ts$/] },
  { name: 'app', files: /^src\/app(?:-[a-z-]+)?\.ts$/, may: [/^src\/(?!main\.ts)/] },
  { name: 'main', files: /^src\/main\.ts$/, may: [/^src\//] },
];

/** Where each library, and the environment, may be met. */
const confined: readonly { library: RegExp; files: RegExp }[] = [
  { library: /^ioredis(?:\/|$)/, files: /^src\/ledger\/redis[a-z-]*\.ts$/ },
  { library: /^better-sqlite3(?:\/|$)/, files: /^src\/ledger\/sqlite[a-z-]*\.ts$/ },
  { library: /^undici(?:\/|$)/, files: /^src\/source\/poll\// },
  { library: /^ws(?:\/|$)/, files: /^src\/transport\/websocket(?:-[a-z-]+)?\.ts$/ },
  {
    library: /^(?:fastify|@fastify\/.*)$/,
    files: /^src\/(?:http\/|transport\/|source\/webhook\/route[a-z-]*\.ts$)/,
  },
  { library: /^prom-client(?:\/|$)/, files: /^src\/http\/metrics[a-z-]*\.ts$/ },
  { library: /^yaml(?:\/|$)/, files: /^src\/(?:config(?:-[a-z-]+)?\.ts$|cli\/)/ },
];

function partOf(path: string) {
  return parts.find((part) => part.files.test(path));
}

describe('the sources', () => {
  it('belong to a part each', () => {
    expect(
      sources.filter((source) => partOf(source.path) === undefined).map((source) => source.path),
    ).toEqual([]);
  });

  it.each(parts)('$name imports only what the table allows', ({ name, files, may }) => {
    const allowed = [files, ...may, ...(name === 'errors' ? [] : [/^src\/lib\//, /^src\/errors\.ts$/])];
    const offending = sources
      .filter((source) => partOf(source.path)?.name === name)
      .flatMap((source) => source.imports.map((imported) => `${source.path} → ${imported}`))
      .filter((edge) => !allowed.some((pattern) => pattern.test(edge.split(' → ')[1] ?? '')));
    expect(offending).toEqual([]);
  });

  it.each(confined)('keep $library where it belongs', ({ library, files }) => {
    const offending = sources
      .filter((source) => source.packages.some((name) => library.test(name)) && !files.test(source.path))
      .map((source) => source.path);
    expect(offending).toEqual([]);
  });

  it('read the environment in config.ts alone', () => {
    const readers = sources.filter((source) => /\bprocess\s*\.\s*env\b/.test(withoutComments(source.text)));
    expect(readers.map((source) => source.path)).toEqual(['src/config.ts']);
  });

  it('import each other with their extension, and in no circle', () => {
    const bySelf = new Map(sources.map((source) => [source.path, source]));
    const unknown = sources.flatMap((source) => source.imports.filter((imported) => !bySelf.has(imported)));
    expect(unknown).toEqual([]);
    expect(findCircle(bySelf)).toBeNull();
  });

  it('hold no unfinished work and no way round the type checker', () => {
    const marks = /\b(?:TODO|FIXME|XXX)\b|@ts-[a-z]+|biome-ignore/;
    const casts = /\bas any\b|\bas unknown as\b/;
    const offending = sources.filter(
      (source) => marks.test(source.text) || casts.test(withoutComments(source.text)),
    );
    expect(offending.map((source) => source.path)).toEqual([]);
  });

  it.each(['src', 'load-tests'])('in %s stay below the longest file', (folder) => {
    const long = read(folder).filter((source) => source.text.split('\n').length - 1 > maxLines);
    expect(long.map((source) => source.path)).toEqual([]);
  });
});

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
}

/** The first circle of imports (types aside, which vanish), as a list of files; null where there is none. */
function findCircle(files: ReadonlyMap<string, Source>): readonly string[] | null {
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): readonly string[] | null => {
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path];
    if (done.has(path)) return null;
    for (const imported of files.get(path)?.loads ?? []) {
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
