/** What a browser loads when the dashboard opens, and that it needs nothing from elsewhere. */
import { gzipSync } from 'node:zlib';
import { build } from 'vite';
import { beforeAll, describe, expect, it } from 'vitest';

/** Bytes of page, styles and scripts that load at once, compressed. */
const most = 70_000;

const files = new Map<string, string>();
const first = new Set(['index.html']);

beforeAll(async () => {
  const root = new URL('../../../dashboard/', import.meta.url).pathname;
  const configFile = `${root}vite.config.ts`;
  const built = await build({ root, configFile, logLevel: 'silent', build: { write: false } });
  for (const file of 'output' in built ? built.output : []) {
    files.set(file.fileName, String(file.type === 'chunk' ? file.code : file.source));
    // The styles of the page, its entry, and what that imports without waiting.
    if (file.type === 'asset' && /\.(?:css|svg)$/.test(file.fileName)) first.add(file.fileName);
    // So does the file with the screens, a moment later.
    if (file.type === 'chunk' && (file.isEntry || file.name === 'shell')) {
      for (const name of [file.fileName, ...file.imports]) first.add(name);
    }
  }
});

describe('the built dashboard', () => {
  it('loads at most 70 KB at first', () => {
    expect(first.size).toBe(5);
    const sizes = [...first].map((name) => gzipSync(files.get(name) ?? '', { level: 9 }).length);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(most);
  });

  it('names its files relative to itself, by what is in them', () => {
    const page = files.get('index.html') ?? '';
    const named = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, url = '']) => url);
    expect(named.length).toBe(4);
    for (const url of named) expect(url).toMatch(/^\.\/assets\/[\w-]+-[\w-]{8}\.(?:js|css|svg)$/);
  });

  it('has no script and no style in the page itself: the policy forbids them', () => {
    const page = files.get('index.html') ?? '';
    expect(page).not.toMatch(/<style|\sstyle=|<script(?![^>]*\ssrc=)|\son\w+=/);
  });

  it('loads nothing from another host, and makes nothing of a data: URL', () => {
    for (const name of first) {
      const text = files.get(name) ?? '';
      if (name.endsWith('.css')) expect(text).not.toMatch(/url\(|@import/);
      if (name.endsWith('.html')) expect(text).not.toMatch(/https?:\/\//);
      expect(text).not.toContain('data:image');
    }
  });
});
