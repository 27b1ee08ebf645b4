/**
 * The built dashboard in memory. It is small, and read from disk once: then a request opens no file, so readers that
 * take nothing hold no descriptors, and no path of a request ever reaches the file system.
 */
import { hash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { messageOf } from '../../errors.ts';

/** The built dashboard, or why there is none. */
export type Dashboard =
  | { readonly page: DashboardFile; readonly assets: ReadonlyMap<string, DashboardFile> }
  | { readonly missing: string };

/** Files in `assets/`, and bytes of all files together. */
export const maxAssets = 100;
export const maxBytes = 8 * 1024 * 1024;

const mediaTypes: Readonly<Record<string, string>> = {
  css: 'text/css; charset=utf-8',
  html: 'text/html; charset=utf-8',
  ico: 'image/x-icon',
  js: 'text/javascript; charset=utf-8',
  png: 'image/png',
  svg: 'image/svg+xml; charset=utf-8',
};
/** Of a file in `assets/`. Its characters mean nothing to fastify's router, and it has no dot in front. */
const nameGrammar = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}$/;
/** Smaller answers fit into one packet anyway, bytes. */
const leastCompressed = 1_024;

const compress = promisify(gzip);

/** One file, with what is answered for it. */
export class DashboardFile {
  readonly mediaType: string;
  readonly bytes: Buffer;
  readonly #hash: string;
  #zipped: Promise<Buffer> | null = null;

  constructor(mediaType: string, bytes: Buffer) {
    this.mediaType = mediaType;
    this.bytes = bytes;
    this.#hash = hash('sha256', bytes, 'base64url');
  }

  /** The bytes to send, compressed once if that helps, and their own tag (RFC 9110, 8.8.3.3). */
  async representation(
    acceptsGzip: boolean,
  ): Promise<{ readonly bytes: Buffer; readonly etag: string; readonly isZipped: boolean }> {
    const plain = { bytes: this.bytes, etag: `"${this.#hash}"`, isZipped: false };
    if (!acceptsGzip || this.bytes.length < leastCompressed || this.mediaType === mediaTypes.png)
      return plain;
    this.#zipped ??= compress(this.bytes, { level: 9 });
    return { bytes: await this.#zipped, etag: `"${this.#hash}.gz"`, isZipped: true };
  }
}

/** Reads `index.html`, and the files in `assets/` whose type is known. Does not reject. */
export async function readDashboard(folder: URL): Promise<Dashboard> {
  try {
    return await read(folder);
  } catch (error) {
    return { missing: messageOf(error) };
  }
}

async function read(folder: URL): Promise<Dashboard> {
  const assetsFolder = new URL('assets/', folder);
  const names = (await readdir(assetsFolder)).filter(
    (name) => nameGrammar.test(name) && typeOf(name) !== null,
  );
  if (names.length > maxAssets)
    throw new Error(`read dashboard: ${names.length} files in assets: must be at most ${maxAssets}`);
  const pageAt = new URL('index.html', folder);
  const all = [pageAt, ...names.map((name) => new URL(name, assetsFolder))];
  const sizes = await Promise.all(all.map(async (at) => (await stat(at)).size));
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  if (bytes > maxBytes) throw new Error(`read dashboard: ${bytes} bytes: must be at most ${maxBytes}`);
  const [page, ...assets] = await Promise.all(all.map(fileAt));
  if (page === undefined) throw new Error('read dashboard: no index.html: must be there');
  return { page, assets: new Map(names.flatMap((name, at) => (assets[at] ? [[name, assets[at]]] : []))) };
}

async function fileAt(at: URL): Promise<DashboardFile> {
  return new DashboardFile(typeOf(at.pathname) ?? '', await readFile(at));
}

function typeOf(name: string): string | null {
  return mediaTypes[/\.([a-z]+)$/.exec(name)?.[1] ?? ''] ?? null;
}
