/** A folder as the dashboard's build leaves it, with small files. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

export interface DashboardFolder {
  /** With a slash at the end. */
  readonly url: URL;
  remove(): void;
}

export const page = '<!doctype html><title>Manifeed</title><script type="module" src="./assets/index-a1.js">';
/** Long enough to be compressed. */
export const script = `const text = '${'manifeed '.repeat(500)}';\n`;

/** @param files content by path; default: a page, a script, a style and an icon */
export function dashboardFolder(files?: Readonly<Record<string, string>>): DashboardFolder {
  const folder = mkdtempSync(join(tmpdir(), 'manifeed-ui-'));
  const all = files ?? {
    'index.html': page,
    'assets/index-a1.js': script,
    'assets/index-b2.css': 'body{margin:0}',
    'assets/icon-c3.svg': '<svg xmlns="http://www.w3.org/2000/svg"/>',
    // None of these is served.
    'assets/.hidden.js': 'secret',
    'assets/notes.txt': 'secret',
    'other.html': 'secret',
  };
  for (const [path, content] of Object.entries(all)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  return {
    url: pathToFileURL(`${folder}/`),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
