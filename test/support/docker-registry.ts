/**
 * The real `docker-registry` (CNCF Distribution) on a free port of 127.0.0.1 with storage in a temporary
 * directory, and a small push client. For tests against a registry that this project did not write.
 */
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Child, startChild } from './child.ts';
import { freePort } from './free-port.ts';
import { programFile } from './parts.ts';

const binary = programFile('docker-registry') ?? 'docker-registry';
export const ociManifest = 'application/vnd.oci.image.manifest.v1+json';
export const ociIndex = 'application/vnd.oci.image.index.v1+json';
export const dockerManifest = 'application/vnd.docker.distribution.manifest.v2+json';

export interface NotificationEndpoint {
  readonly name: string;
  readonly url: string;
  /** Sent with every notification, for example `Authorization`. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface DockerRegistryOptions {
  readonly notifications?: readonly NotificationEndpoint[];
  /** Default: a free one. */
  readonly port?: number;
  /** A folder to keep, so that a restart finds it again. Default: a temporary one, removed by `close`. */
  readonly storage?: string;
}

export interface PushedManifest {
  readonly digest: string;
  readonly mediaType: string;
  readonly size: number;
}

export interface DockerRegistry {
  /** `127.0.0.1:<port>`: the registry host in references. */
  readonly host: string;
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  readonly storage: string;
  /** Pushes an image of one config and one layer blob, and tags it. `content` decides the digest. */
  push(repository: string, tag: string, content: string): Promise<PushedManifest>;
  /** Pushes an index of images pushed before, and tags it. Its bytes depend on them and on `note`. */
  pushIndex(
    repository: string,
    tag: string,
    manifests: readonly PushedManifest[],
    note?: string,
  ): Promise<PushedManifest>;
  putManifest(
    repository: string,
    reference: string,
    mediaType: string,
    body: string,
  ): Promise<PushedManifest>;
  pushBlob(repository: string, content: string): Promise<string>;
  /** Deletes a manifest by digest, and the tags that point at it. */
  deleteManifest(repository: string, digest: string): Promise<void>;
  /** Idempotent: stops the process and removes its temporary storage. */
  close(): Promise<void>;
}

/** Resolves when it answers `GET /v2/`. */
export async function startDockerRegistry(options: DockerRegistryOptions = {}): Promise<DockerRegistry> {
  const directory = await mkdtemp(join(tmpdir(), 'manifeed-registry-'));
  const storage = options.storage ?? join(directory, 'storage');
  const port = options.port ?? (await freePort());
  const configPath = join(directory, 'config.yml');
  // JSON is YAML.
  await writeFile(configPath, JSON.stringify(configuration(port, storage, options.notifications ?? [])));
  const child = startChild(binary, ['serve', configPath], {
    // No trace exporters, even if the environment of the test run configures some.
    env: { PATH: process.env.PATH ?? '', HOME: directory, OTEL_TRACES_EXPORTER: 'none' },
  });
  let closed: Promise<void> | undefined;
  const close = () => {
    closed ??= stop(child).then(() => rm(directory, { recursive: true, force: true }));
    return closed;
  };
  const url = `http://127.0.0.1:${port}`;
  try {
    await child.until(`an answer of ${url}`, () => isAnswering(url));
  } catch (error) {
    await close();
    throw error;
  }
  return { host: `127.0.0.1:${port}`, url, storage, close, ...pushClient(url) };
}

function configuration(port: number, storage: string, endpoints: readonly NotificationEndpoint[]): object {
  return {
    version: 0.1,
    log: { level: 'error', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: storage }, delete: { enabled: true } },
    http: { addr: `127.0.0.1:${port}`, secret: 'only-for-tests' },
    notifications: {
      endpoints: endpoints.map((endpoint) => ({
        name: endpoint.name,
        url: endpoint.url,
        // Distribution expects lists of header values.
        headers: Object.fromEntries(
          Object.entries(endpoint.headers ?? {}).map(([name, value]) => [name, [value]]),
        ),
        timeout: '5s',
        threshold: 3,
        backoff: '200ms',
      })),
    },
  };
}

function pushClient(url: string): Omit<DockerRegistry, 'host' | 'url' | 'storage' | 'close'> {
  async function pushBlob(repository: string, content: string): Promise<string> {
    const digest = digestOf(content);
    const opened = await expectStatus(
      fetch(`${url}/v2/${repository}/blobs/uploads/`, { method: 'POST' }),
      [202],
      `open upload to ${repository}`,
    );
    const location = new URL(opened.headers.get('location') ?? '', url);
    location.searchParams.set('digest', digest);
    await expectStatus(
      fetch(location, {
        method: 'PUT',
        headers: { 'content-type': 'application/octet-stream' },
        body: content,
      }),
      [201],
      `upload blob to ${repository}`,
    );
    return digest;
  }

  async function putManifest(repository: string, reference: string, mediaType: string, body: string) {
    await expectStatus(
      fetch(`${url}/v2/${repository}/manifests/${reference}`, {
        method: 'PUT',
        headers: { 'content-type': mediaType },
        body,
      }),
      [201],
      `put manifest ${repository}:${reference}`,
    );
    return { digest: digestOf(body), mediaType, size: Buffer.byteLength(body) };
  }

  return {
    pushBlob,
    putManifest,
    async push(repository, tag, content) {
      const config = JSON.stringify({ architecture: 'amd64', os: 'linux', comment: content });
      const layer = `layer of ${content}`;
      const configDigest = await pushBlob(repository, config);
      const layerDigest = await pushBlob(repository, layer);
      const manifest = {
        schemaVersion: 2,
        mediaType: ociManifest,
        config: {
          mediaType: 'application/vnd.oci.image.config.v1+json',
          digest: configDigest,
          size: Buffer.byteLength(config),
        },
        layers: [
          {
            mediaType: 'application/vnd.oci.image.layer.v1.tar',
            digest: layerDigest,
            size: Buffer.byteLength(layer),
          },
        ],
      };
      return putManifest(repository, tag, ociManifest, JSON.stringify(manifest));
    },
    async pushIndex(repository, tag, manifests, note = '') {
      const index = {
        schemaVersion: 2,
        mediaType: ociIndex,
        manifests: manifests.map((manifest, n) => ({
          ...manifest,
          platform: { architecture: n === 0 ? 'amd64' : 'arm64', os: 'linux' },
        })),
        annotations: { note },
      };
      return putManifest(repository, tag, ociIndex, JSON.stringify(index));
    },
    async deleteManifest(repository, digest) {
      await expectStatus(
        fetch(`${url}/v2/${repository}/manifests/${digest}`, { method: 'DELETE' }),
        [202],
        `delete ${repository}@${digest}`,
      );
    },
  };
}

async function expectStatus(
  answering: Promise<Response>,
  wanted: readonly number[],
  action: string,
): Promise<Response> {
  const answer = await answering;
  const body = await answer.text();
  if (!wanted.includes(answer.status)) {
    throw new Error(`${action}: ${answer.status} ${body.slice(0, 200)}, want ${wanted.join(' or ')}`);
  }
  return answer;
}

/** `sha256:<hex>` of the content's bytes. */
export function digestOf(content: string | Uint8Array): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}

async function isAnswering(url: string): Promise<boolean> {
  const answer = await fetch(`${url}/v2/`);
  await answer.arrayBuffer();
  return answer.status === 200;
}

/** How long it may take to end by itself, ms. */
const graceMs = 3_000;

async function stop(child: Child): Promise<void> {
  const insist = setTimeout(() => child.process.kill('SIGKILL'), graceMs);
  await child.stop('SIGTERM');
  clearTimeout(insist);
}
