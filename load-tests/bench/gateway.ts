/** The real gateway as a subject, with its own process, configuration and data directory. Changes come by webhook. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { Agent, request as httpRequest } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Child } from './child.ts';
import type { Transport } from './options.ts';
import { benchRepository, benchTag, randomDigest } from './sample.ts';
import {
  type Dialogue,
  probeArgs,
  probeMethods,
  type ServerChild,
  type Subject,
  sseRequest,
  startTimeoutMs,
  webSocketRequest,
} from './subject.ts';

export interface GatewayOptions {
  readonly transport: Transport;
  readonly core: number | null;
  readonly ledger: 'memory' | 'sqlite';
  readonly access: 'open' | 'token';
  /** Whether subscribers are paced. By default they ask for `pace=none`. */
  readonly paced?: boolean;
  /** Replaces sections of the bench's configuration. */
  readonly configuration?: Readonly<Record<string, unknown>>;
}

export interface Gateway extends Subject {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  /** Publishes `count` changes with one delivery. Resolves when they are stored. */
  publishMany(count: number): Promise<void>;
}

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

/** Lifts the gateway's limits, so that they affect no figure. */
const unlimited = {
  connections: 1_000_000,
  connectionsPerAddress: 1_000_000,
  newConnectionsPerSecond: 1_000_000,
};

export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const directory = await mkdtemp(join(tmpdir(), 'manifeed-bench-'));
  const port = await freePort();
  const token = options.access === 'token' ? randomBytes(24).toString('base64url') : null;
  const file = join(directory, 'manifeed.yaml');
  // JSON is YAML.
  await writeFile(
    file,
    JSON.stringify({ ...configuration(options, directory, port, token), ...options.configuration }),
  );
  const child: ServerChild = new Child('gateway', {
    args: [...probeArgs, main, 'serve', '--config', file],
    core: options.core,
    quiet: true,
  });
  const agent = new Agent({ keepAlive: true });
  const url = `http://127.0.0.1:${port}`;
  const close = async () => {
    agent.destroy();
    await child.close();
    await rm(directory, { recursive: true, force: true });
  };
  try {
    await untilReady(url, child);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    pid: child.pid,
    port,
    url,
    dialogue: dialogueOf(options, token),
    publish: () => publish(url, agent, 1),
    publishMany: (count) => publish(url, agent, count),
    ...probeMethods(child),
    close,
  };
}

function configuration(options: GatewayOptions, directory: string, port: number, token: string | null) {
  return {
    listen: `127.0.0.1:${port}`,
    ledger: options.ledger === 'memory' ? 'memory:' : `sqlite:${join(directory, 'ledger.db')}`,
    access:
      token === null
        ? 'open'
        : [{ name: 'bench', sha256: createHash('sha256').update(token).digest('hex'), unpaced: true }],
    pace: { deliveriesPerSecond: 10_000_000, burst: 10_000_000, allowNone: true },
    limits: { ...unlimited, heartbeatInterval: '25s' },
    webhooks: [{ name: 'publish', kind: 'manifeed', verify: 'none' }],
    log: { level: 'error' },
  };
}

function dialogueOf({ transport, paced }: GatewayOptions, token: string | null): Dialogue {
  const headers = token === null ? [] : [`Authorization: Bearer ${token}`];
  if (transport === 'sse') {
    const path = `/v1/events?repository=${benchRepository}${paced === true ? '' : '&pace=none'}`;
    return { request: sseRequest(path, headers), subscribe: null, readyMarker: 'event: ready' };
  }
  return {
    request: webSocketRequest('/v1/socket', ['Sec-WebSocket-Protocol: manifeed.v1', ...headers]),
    subscribe: JSON.stringify({
      type: 'subscribe',
      id: 's1',
      repository: [benchRepository],
      ...(paced === true ? {} : { pace: 'none' }),
    }),
    readyMarker: '"type":"ready"',
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('find a free port: none given');
  return address.port;
}

/** Tries to connect, because what the gateway prints at its start is for people. */
async function untilReady(url: string, child: ServerChild): Promise<void> {
  const deadline = performance.now() + startTimeoutMs;
  while (performance.now() < deadline) {
    if (child.exited) throw new Error(`start the gateway: it ended: ${child.complaints}`);
    const ready = await fetch(`${url}/readyz`).then(
      (answer) => answer.ok,
      () => false,
    );
    if (ready) return;
    await sleep(50);
  }
  throw new Error(`start the gateway: not ready after ${startTimeoutMs} ms`);
}

/** Pushes the bench's tag `count` times, each time to a new digest. Resolves when the gateway has stored them. */
function publish(url: string, agent: Agent, count: number): Promise<void> {
  const pushes = Array.from({ length: count }, () => ({
    reference: `${benchRepository}:${benchTag}`,
    digest: randomDigest(),
    mediaType: 'application/vnd.oci.image.index.v1+json',
    size: 10229,
  }));
  const body = JSON.stringify(pushes);
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      `${url}/v1/hooks/publish`,
      {
        method: 'POST',
        agent,
        headers: { 'content-type': 'application/json', 'content-length': body.length },
      },
      (response) => {
        response.resume().on('end', () => {
          if (response.statusCode !== undefined && response.statusCode < 300) resolve();
          else reject(new Error(`publish: answered ${response.statusCode}: must be 2xx`));
        });
      },
    );
    request.on('error', reject).end(body);
  });
}
