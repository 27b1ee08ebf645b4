/**
 * A fake registry with a real HTTP server (node:http): tags, manifests, token service, paging, rate limits and
 * faults on demand, with a log of requests. It is cheap enough to answer thousands of HEADs a second.
 */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { indexOf } from './index-of.ts';
import { registryHeaders } from './registry-headers.ts';
import { inTime } from './until.ts';

export interface FakeManifest {
  readonly digest: string;
  readonly mediaType: string;
  readonly body: string;
}

export interface LoggedRequest {
  readonly method: string;
  /** Path with query. */
  readonly url: string;
  readonly authorization: string | null;
  readonly accept: string;
  readonly at: number;
}

/** Answers a request and returns true, or leaves it to the registry. */
export type Fault = (request: IncomingMessage, response: ServerResponse, url: URL) => boolean;

export interface FakeRegistryOptions {
  /** Requires a bearer token, which only the `user` can get. */
  readonly bearer?: boolean;
  readonly basic?: boolean;
  /** Name and password; null gives tokens to anyone. */
  readonly user?: { readonly username: string; readonly password: string } | null;
  /** The scopes that a challenge names, and that a token needs; null: it names none. Default: to pull. */
  readonly scopeFor?: (repository: string, request: IncomingMessage) => string | null;
  /** Seconds. By default the token answer names none. */
  readonly tokenLifetime?: number;
  /** Most tags in a page; `n` may ask for fewer. Default 1,000. */
  readonly pageSize?: number;
  readonly link?: 'relative' | 'absolute';
  readonly withoutDigest?: boolean;
  /** Leaves out `Docker-Distribution-Api-Version`. */
  readonly withoutVersion?: boolean;
  /** Most requests in the log; 0 only counts them. Default 10,000. */
  readonly maxLog?: number;
}

export interface FakeRegistry {
  /** `127.0.0.1:<port>` */
  readonly host: string;
  readonly url: string;
  readonly log: readonly LoggedRequest[];
  /** Requests so far, by `HEAD manifests`, `GET manifests`, `GET tags`, `GET token`, `GET other`. */
  readonly counts: ReadonlyMap<string, number>;
  /** Headers added to each answer, for example `ratelimit-remaining`. */
  headers: Record<string, string>;
  /** The first fault that answers wins. Clear them with `faults.length = 0`. */
  readonly faults: Fault[];
  /** Tags content. Equal content has an equal digest. */
  push(repository: string, tag: string, content: string): FakeManifest;
  /** Stores an index of these manifests, and tags it. */
  pushIndex(repository: string, tag: string, children: readonly FakeManifest[]): FakeManifest;
  /** As `pushIndex`, of children that are not stored: platform (`linux/arm/v7`) to a word for its content. */
  pushPlatforms(repository: string, tag: string, platforms: Readonly<Record<string, string>>): FakeManifest;
  /** Deletes a manifest; tags that point at it stay. */
  removeManifest(repository: string, digest: string): void;
  remove(repository: string, tag: string): void;
  removeRepository(repository: string): void;
  digestOf(repository: string, tag: string): string | null;
  count(kind: string): number;
  reached(kind: string, n: number): Promise<void>;
  close(): Promise<void>;
}

const mediaType = 'application/vnd.oci.image.manifest.v1+json';
const indexType = 'application/vnd.oci.image.index.v1+json';

export async function startFakeRegistry(options: FakeRegistryOptions = {}): Promise<FakeRegistry> {
  const repositories = new Map<string, Map<string, FakeManifest>>();
  /** By `repository@digest`; they stay when a tag moves. */
  const byDigest = new Map<string, FakeManifest>();
  const log: LoggedRequest[] = [];
  const counts = new Map<string, number>();
  const waiting: { kind: string; n: number; resolve: () => void }[] = [];
  const maxLog = options.maxLog ?? 10_000;
  let tokens = 0;
  /** By token, the scopes that it was given. */
  const validTokens = new Map<string, readonly string[]>();

  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    const path = request.url ?? '/';
    const kind = kindOf(request.method ?? 'GET', path);
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
    if (log.length < maxLog) {
      log.push({
        method: request.method ?? '',
        url: path,
        authorization: request.headers.authorization ?? null,
        accept: request.headers.accept ?? '',
        at: Date.now(),
      });
    }
    for (let index = waiting.length - 1; index >= 0; index -= 1) {
      const one = waiting[index];
      if (one === undefined || one.kind !== kind || (counts.get(kind) ?? 0) < one.n) continue;
      waiting.splice(index, 1);
      one.resolve();
    }
    for (const name of Object.keys(registry.headers)) response.setHeader(name, registry.headers[name] ?? '');
    if (registry.faults.length > 0) {
      const url = new URL(path, registry.url);
      if (registry.faults.some((fault) => fault(request, response, url))) return;
    }
    answer(request, response, path);
  });
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  const host = `127.0.0.1:${port}`;

  function answer(request: IncomingMessage, response: ServerResponse, path: string): void {
    if (options.withoutVersion !== true) {
      for (const [name, value] of Object.entries(registryHeaders)) response.setHeader(name, value);
    }
    if (path.startsWith('/token')) return answerToken(request, response, new URL(path, registry.url));
    if (!isAuthorized(request, path)) return challenge(request, response, path);
    const manifest = /^\/v2\/(.+)\/manifests\/([^/?]+)$/.exec(path);
    if (manifest !== null) return answerManifest(request, response, manifest[1] ?? '', manifest[2] ?? '');
    const list = /^\/v2\/(.+)\/tags\/list(?:\?.*)?$/.exec(path);
    if (list !== null) return answerList(response, list[1] ?? '', new URL(path, registry.url));
    if (path === '/v2/') return void response.writeHead(200).end('{}');
    notFound(response, 'UNSUPPORTED');
  }

  function scopeOf(request: IncomingMessage, path: string): string | null {
    const repository = /^\/v2\/(.+)\/(?:manifests|tags)\//.exec(path)?.[1] ?? '';
    return options.scopeFor === undefined
      ? `repository:${repository}:pull`
      : options.scopeFor(repository, request);
  }

  function isAuthorized(request: IncomingMessage, path: string): boolean {
    const given = request.headers.authorization ?? '';
    if (options.bearer === true) {
      const scopes = given.startsWith('Bearer ') ? validTokens.get(given.slice(7)) : undefined;
      const needed = options.scopeFor === undefined ? null : scopeOf(request, path);
      return (
        scopes !== undefined && (needed === null || needed.split(' ').every((one) => scopes.includes(one)))
      );
    }
    if (options.basic === true) return given === basicOf(options.user ?? null);
    return true;
  }

  function challenge(request: IncomingMessage, response: ServerResponse, path: string): void {
    const scope = scopeOf(request, path);
    const value =
      options.basic === true
        ? 'Basic realm="fake"'
        : `Bearer realm="${registry.url}/token",service="fake"${scope === null ? '' : `,scope="${scope}"`}`;
    response.writeHead(401, { 'www-authenticate': value }).end();
  }

  function answerToken(request: IncomingMessage, response: ServerResponse, url: URL): void {
    const { user = null } = options;
    if (user !== null && request.headers.authorization !== basicOf(user)) {
      return void response.writeHead(401).end();
    }
    tokens += 1;
    const scopes = url.searchParams.getAll('scope');
    const token = `token-${tokens}-${scopes.join('+')}`;
    validTokens.set(token, scopes);
    const lifetime = options.tokenLifetime === undefined ? {} : { expires_in: options.tokenLifetime };
    json(response, { token, ...lifetime });
  }

  function answerManifest(
    request: IncomingMessage,
    response: ServerResponse,
    repository: string,
    reference: string,
  ): void {
    const manifest =
      repositories.get(repository)?.get(reference) ?? byDigest.get(`${repository}@${reference}`);
    if (manifest === undefined) return notFound(response, 'MANIFEST_UNKNOWN');
    response.writeHead(200, {
      'content-type': manifest.mediaType,
      'content-length': manifest.body.length,
      ...(options.withoutDigest === true ? {} : { 'docker-content-digest': manifest.digest }),
    });
    response.end(request.method === 'HEAD' ? undefined : manifest.body);
  }

  function answerList(response: ServerResponse, repository: string, url: URL): void {
    const tags = repositories.get(repository);
    if (tags === undefined) return notFound(response, 'NAME_UNKNOWN');
    const sorted = [...tags.keys()].sort();
    const last = url.searchParams.get('last');
    const from = last === null ? 0 : sorted.findIndex((tag) => tag > last);
    const n = Math.min(Number(url.searchParams.get('n') ?? '1000'), options.pageSize ?? 1_000);
    const page = from === -1 ? [] : sorted.slice(from, from + n);
    if (from !== -1 && from + n < sorted.length) {
      const path = `/v2/${repository}/tags/list?last=${page.at(-1)}&n=${n}`;
      response.setHeader('link', `<${options.link === 'absolute' ? registry.url + path : path}>; rel="next"`);
    }
    json(response, { name: repository, tags: page });
  }

  function store(
    repository: string,
    tag: string,
    content: { readonly mediaType: string; readonly [member: string]: unknown },
  ): FakeManifest {
    const body = JSON.stringify(content);
    const digest = `sha256:${createHash('sha256').update(body).digest('hex')}`;
    const manifest = { digest, mediaType: content.mediaType, body };
    const tags = repositories.get(repository) ?? new Map<string, FakeManifest>();
    repositories.set(repository, tags);
    tags.set(tag, manifest);
    byDigest.set(`${repository}@${digest}`, manifest);
    return manifest;
  }

  const registry: FakeRegistry = {
    host,
    url: `http://${host}`,
    log,
    counts,
    headers: {},
    faults: [],
    push: (repository, tag, content) =>
      store(repository, tag, { schemaVersion: 2, mediaType, annotations: { content } }),
    pushIndex: (repository, tag, children) => {
      const manifests = children.map(({ digest, mediaType, body }) => ({
        digest,
        mediaType,
        size: body.length,
      }));
      return store(repository, tag, { schemaVersion: 2, mediaType: indexType, manifests });
    },
    pushPlatforms: (repository, tag, platforms) => store(repository, tag, indexOf(platforms).content),
    removeManifest(repository, digest) {
      byDigest.delete(`${repository}@${digest}`);
    },
    remove(repository, tag) {
      repositories.get(repository)?.delete(tag);
    },
    removeRepository(repository) {
      repositories.delete(repository);
    },
    digestOf: (repository, tag) => repositories.get(repository)?.get(tag)?.digest ?? null,
    count: (kind) => counts.get(kind) ?? 0,
    reached(kind, n) {
      if ((counts.get(kind) ?? 0) >= n) return Promise.resolve();
      const fact = new Promise<void>((resolve) => waiting.push({ kind, n, resolve }));
      return inTime(`${n} requests of ${kind}`, fact);
    },
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
  return registry;
}

function kindOf(method: string, path: string): string {
  if (path.startsWith('/token')) return `${method} token`;
  if (path.includes('/manifests/')) return `${method} manifests`;
  return path.includes('/tags/list') ? `${method} tags` : `${method} other`;
}

function basicOf(user: { readonly username: string; readonly password: string } | null): string {
  return `Basic ${Buffer.from(`${user?.username ?? ''}:${user?.password ?? ''}`).toString('base64')}`;
}

function json(response: ServerResponse, body: unknown): void {
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify(body));
}

function notFound(response: ServerResponse, code: string): void {
  response.statusCode = 404;
  json(response, { errors: [{ code, message: 'not known' }] });
}
