/**
 * A real registry, the gateway process beside it, and a record of what was pushed, moved and deleted: what every
 * endpoint that reads the index must give.
 */
import {
  type DockerRegistry,
  ociManifest,
  type PushedManifest,
  startDockerRegistry,
} from '../../support/docker-registry.ts';
import { freePort } from '../../support/free-port.ts';
import { type GatewayProcess, type Settings, spawnGateway } from '../../support/gateway.ts';
import { openSse, type SseClient } from '../../support/sse-client.ts';
import { of, type WireChange } from '../../support/stream-client.ts';

/** How the gateway hears of the registry's changes. */
export type Way = 'webhook' | 'poll';

/** The repositories that the world uses. */
export const repositories = ['team/app', 'team/mirror'] as const;
export type Repository = (typeof repositories)[number];

export interface Tagged extends PushedManifest {
  readonly repository: string;
  readonly tag: string;
}

interface Started {
  readonly way: Way;
  readonly registry: DockerRegistry;
  readonly settings: Settings;
  readonly port: number;
  readonly token?: string;
}

export class World {
  readonly way: Way;
  readonly registry: DockerRegistry;
  /** All changes so far, oldest first, as a subscriber got them. */
  readonly changes: WireChange[] = [];
  /** Every manifest that was pushed and not deleted, by `repository@digest`. */
  readonly manifests = new Map<string, PushedManifest>();
  readonly #tags = new Map<string, Tagged>();
  readonly #started: Started;
  #gateway: GatewayProcess;
  #stream: SseClient;

  private constructor(started: Started, gateway: GatewayProcess, stream: SseClient) {
    this.way = started.way;
    this.registry = started.registry;
    this.#started = started;
    this.#gateway = gateway;
    this.#stream = stream;
  }

  /** @param token for a subscription to everything, if `more` asks for one */
  static async start(way: Way, ledger: string, more: Settings = {}, token?: string): Promise<World> {
    const port = await freePort();
    const hook = { name: 'manifeed', url: `http://127.0.0.1:${port}/v1/hooks/local` };
    const registry = await startDockerRegistry({ notifications: way === 'webhook' ? [hook] : [] });
    const settings = { ...settingsFor(way, registry.host), ...more, ledger };
    const started = { way, registry, settings, port, ...(token === undefined ? {} : { token }) };
    try {
      const gateway = await spawnGateway({ port, settings });
      return new World(started, gateway, await follow(started));
    } catch (error) {
      await registry.close();
      throw error;
    }
  }

  get url(): string {
    return this.#gateway.url;
  }

  get host(): string {
    return this.registry.host;
  }

  /** The host as the first component of a name, which holds no colon. */
  get written(): string {
    return this.registry.host.replace(':', '_');
  }

  /** What the repository's tags point at, by tag in byte order. */
  tags(repository: string): readonly Tagged[] {
    const found = [...this.#tags.values()].filter((one) => one.repository === repository);
    return found.sort((a, b) => (a.tag < b.tag ? -1 : 1));
  }

  get allTags(): readonly Tagged[] {
    return repositories.flatMap((repository) => this.tags(repository));
  }

  /** Pushes an image and waits for its change. */
  async push(repository: Repository, tag: string, content: string): Promise<PushedManifest> {
    return this.#tagged(repository, tag, await this.registry.push(repository, tag, content));
  }

  async pushIndex(repository: Repository, tag: string, of: readonly PushedManifest[], note = '') {
    return this.#tagged(repository, tag, await this.registry.pushIndex(repository, tag, of, note));
  }

  /** Pushes what cosign pushes beside an image: a manifest with a tag that names the image's digest. */
  async sign(repository: Repository, digest: string, suffix = '.sig'): Promise<PushedManifest> {
    const payload = await this.registry.pushBlob(repository, `signature of ${digest}`);
    const config = { mediaType: 'application/vnd.oci.empty.v1+json', digest: payload, size: 84 };
    const body = JSON.stringify({ schemaVersion: 2, mediaType: ociManifest, config, layers: [] });
    const tag = `${digest.replace(':', '-')}${suffix}`;
    return this.#tagged(repository, tag, await this.registry.putManifest(repository, tag, ociManifest, body));
  }

  /** Deletes a manifest with all tags that point at it, and waits for their changes. */
  async delete(repository: Repository, digest: string): Promise<void> {
    await this.registry.deleteManifest(repository, digest);
    this.manifests.delete(`${repository}@${digest}`);
    const gone = this.tags(repository).filter((one) => one.digest === digest);
    for (const { tag } of gone) this.#tags.delete(`${repository}:${tag}`);
    const waiting = new Set<string | null>(gone.map(({ tag }) => tag));
    // A poll sees tags only.
    if (this.way === 'webhook') waiting.add(null);
    while (waiting.size > 0) {
      const change = await this.#nextChange();
      if (change.type.endsWith('.deleted')) waiting.delete(change.tag);
    }
  }

  /** Ends the gateway and starts it again on what it kept. */
  async restart(): Promise<void> {
    this.#stream.close();
    await this.#gateway.stop('SIGTERM');
    this.#gateway = await spawnGateway(this.#started);
    this.#stream = await follow(this.#started);
  }

  async close(): Promise<void> {
    this.#stream.close();
    await this.#gateway.stop('SIGKILL');
    await this.registry.close();
  }

  async #tagged(repository: Repository, tag: string, manifest: PushedManifest): Promise<PushedManifest> {
    this.manifests.set(`${repository}@${manifest.digest}`, manifest);
    this.#tags.set(`${repository}:${tag}`, { repository, tag, ...manifest });
    for (;;) {
      const change = await this.#nextChange();
      if (change.repository === repository && change.tag === tag && change.digest === manifest.digest)
        return manifest;
    }
  }

  async #nextChange(): Promise<WireChange> {
    const { change } = await this.#stream.inbox.until(of('change'));
    this.changes.push(change);
    return change;
  }
}

function settingsFor(way: Way, host: string): Settings {
  const interval = { interval: '1s', minInterval: '1s', maxInterval: '1s', requestsPerSecond: 1_000 };
  const registry = { host, plainHttp: true, ...(way === 'poll' ? { poll: interval } : {}) };
  const watch = repositories.map((repository) => {
    return { repository: `${host}/${repository}`, tags: ['*'], announceExisting: true };
  });
  return {
    defaultRegistry: host,
    registries: [registry],
    ...(way === 'poll'
      ? { watch }
      : { webhooks: [{ name: 'local', kind: 'distribution', registry: host, verify: 'none' }] }),
  };
}

async function follow({ port, token }: Started): Promise<SseClient> {
  const stream = await openSse(port, { repository: '**', type: '*' }, token === undefined ? {} : { token });
  await stream.inbox.until(of('ready'));
  return stream;
}

/** Fills the registry: images, an index, one image in two repositories, signatures with and without what they sign. */
export async function fill(world: World): Promise<void> {
  const one = await world.push('team/app', '1.0.0', 'one');
  const two = await world.push('team/app', '1.0.1', 'two');
  const variant = await world.push('team/app', '1.0.1-alpine', 'two on alpine');
  const index = await world.pushIndex('team/app', 'latest', [one, two]);
  await world.sign('team/app', one.digest);
  await world.sign('team/app', index.digest);
  await world.sign('team/app', variant.digest, '.att');
  await world.sign('team/app', `sha256:${'0'.repeat(64)}`);
  await world.push('team/mirror', '1.0.0', 'one');
  await world.push('team/mirror', '1.0.1', 'two, but otherwise');
  await world.push('team/mirror', 'only-here', 'three');
}

/** Moves tags: an index, an image, and a tag from an image to an index. */
export async function move(world: World): Promise<void> {
  const three = await world.push('team/app', '1.1.0', 'three');
  await world.pushIndex('team/app', 'latest', [three], 'moved');
  await world.push('team/app', '1.0.1', 'two, again');
  await world.pushIndex('team/mirror', '1.0.1', [await world.push('team/mirror', 'part', 'part')]);
}

/** Deletes what one tag points at, and with it what was signed, and what two tags point at; one tag comes back. */
export async function remove(world: World): Promise<void> {
  const [first] = world.tags('team/app').filter(({ tag }) => tag === '1.0.0');
  if (first === undefined) throw new Error('remove: 1.0.0 must have been pushed');
  await world.push('team/app', 'also-1.0.0', 'one');
  await world.delete('team/app', first.digest);
  const [only] = world.tags('team/mirror').filter(({ tag }) => tag === 'only-here');
  if (only === undefined) throw new Error('remove: only-here must have been pushed');
  await world.delete('team/mirror', only.digest);
  await world.push('team/mirror', 'only-here', 'back again');
}
