/**
 * Real redis-server processes for tests: one node, primary + replica, a Cluster of three, three Sentinels. Each
 * has free ports on 127.0.0.1 and its own directory. `stop()` ends it by its pid and removes the directory.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { type Child, startChild } from './child.ts';
import { freePort } from './free-port.ts';
import { until } from './until.ts';

export interface RedisNode {
  readonly port: number;
  /** `redis://127.0.0.1:<port>/0` */
  readonly url: string;
  /** For commands to the server itself. Reconnects by itself. */
  readonly admin: Redis;
  /** Sends SIGKILL. Resolves when the process has ended. */
  kill(): Promise<void>;
  /** Sends SIGSTOP: the kernel still accepts connections, but nothing answers. */
  pause(): void;
  resume(): void;
  /** Starts it again after `kill()`, with the same port and directory. */
  start(): Promise<void>;
  /** Idempotent: ends the process and removes its directory. */
  stop(): Promise<void>;
}

export interface RedisNodeOptions {
  readonly port?: number;
  /** The program. Default `redis-server`. */
  readonly program?: string;
  /** More configuration, as on the command line: `['--requirepass', 'x']`. */
  readonly args?: readonly string[];
  /** Password of the admin connection. Default none. */
  readonly password?: string;
  readonly tls?: { readonly ca: string };
  /** Added to its environment. */
  readonly env?: Readonly<Record<string, string>>;
}

export async function startRedis(options: RedisNodeOptions = {}): Promise<RedisNode> {
  const port = options.port ?? (await freePort());
  const dir = await mkdtemp(join(tmpdir(), 'manifeed-redis-'));
  const program = options.program ?? 'redis-server';
  const tls = options.tls;
  const admin = new Redis({
    port,
    host: '127.0.0.1',
    lazyConnect: true,
    maxRetriesPerRequest: null,
    retryStrategy: () => 50,
    ...(options.password === undefined ? {} : { password: options.password }),
    ...(tls === undefined ? {} : { tls: { ca: tls.ca } }),
  });
  // ioredis emits errors while a test has the server down. Ignore them.
  admin.on('error', () => {});
  let child: Child | null = null;
  let stopped = false;

  const launch = async () => {
    const listen = tls === undefined ? ['--port', String(port)] : ['--port', '0', '--tls-port', String(port)];
    // Without this, replicas wait 5 s for others to share the first copy.
    const fast = ['--repl-diskless-sync-delay', '0'];
    const common = ['--bind', '127.0.0.1', '--dir', dir, '--save', '', '--daemonize', 'no', ...fast];
    const env = { ...process.env, ...options.env };
    const launched = startChild(program, [...listen, ...common, ...(options.args ?? [])], { env });
    child = launched;
    await launched.until(`${program} to answer on port ${port}`, () => isAnswering(launched, port, options));
  };
  const kill = async () => {
    const ending = child;
    child = null;
    await ending?.stop('SIGKILL');
  };
  await launch().catch(async (error: unknown) => {
    await kill();
    admin.disconnect();
    throw error;
  });
  return {
    port,
    url: `${tls === undefined ? 'redis' : 'rediss'}://127.0.0.1:${port}/0`,
    admin,
    kill,
    pause: () => void child?.process.kill('SIGSTOP'),
    resume: () => void child?.process.kill('SIGCONT'),
    start: launch,
    async stop() {
      if (stopped) return;
      stopped = true;
      admin.disconnect();
      await kill();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** Whether this process answers there, and not another one that has the port. */
async function isAnswering(child: Child, port: number, options: RedisNodeOptions): Promise<boolean> {
  const probe = new Redis({
    port,
    host: '127.0.0.1',
    lazyConnect: true,
    retryStrategy: () => null,
    enableReadyCheck: false,
    commandTimeout: 500,
    ...(options.password === undefined ? {} : { password: options.password }),
    ...(options.tls === undefined ? {} : { tls: { ca: options.tls.ca } }),
  });
  probe.on('error', () => {});
  try {
    await probe.connect();
    return (await probe.info('server')).includes(`process_id:${child.process.pid}\r`);
  } catch {
    // Not listening yet.
    return false;
  } finally {
    probe.disconnect();
  }
}

export interface RedisPair {
  readonly primary: RedisNode;
  readonly replica: RedisNode;
  stop(): Promise<void>;
}

/** A primary with one replica that has caught up. */
export async function startRedisPair(
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<RedisPair> {
  const primary = await startRedis({ args, env });
  const replica = await startRedis({ args: [...args, '--replicaof', `127.0.0.1 ${primary.port}`], env });
  await until('the replica to follow', async () =>
    (await replica.admin.info('replication')).includes('master_link_status:up'),
  );
  return {
    primary,
    replica,
    async stop() {
      await Promise.all([primary.stop(), replica.stop()]);
    },
  };
}

export interface RedisCluster {
  readonly nodes: readonly RedisNode[];
  /** `host:port` of each node. */
  readonly addresses: readonly string[];
  stop(): Promise<void>;
}

const clusterSlots = 16_384;

/** Three primaries; with `replicas`, one replica for each. */
export async function startRedisCluster(options: { replicas?: boolean } = {}): Promise<RedisCluster> {
  const count = options.replicas === true ? 6 : 3;
  const starts = await Promise.allSettled(
    Array.from({ length: count }, async () => {
      const args = ['--cluster-enabled', 'yes', '--cluster-node-timeout', '1500'];
      const busPort = await freePort();
      return await startRedis({
        args: [...args, '--cluster-port', String(busPort), '--cluster-replica-validity-factor', '0'],
      });
    }),
  );
  const nodes = starts.flatMap((start) => (start.status === 'fulfilled' ? [start.value] : []));
  const failure = starts.find((start) => start.status === 'rejected');
  if (failure !== undefined) {
    // Leave none behind of those that did start.
    await Promise.all(nodes.map((node) => node.stop()));
    throw failure.reason;
  }
  const primaries = nodes.slice(0, 3);
  const [first] = nodes;
  if (first === undefined) throw new Error('start a cluster: no nodes');
  const slotsEach = Math.ceil(clusterSlots / primaries.length);
  for (const [index, node] of primaries.entries()) {
    const last = Math.min((index + 1) * slotsEach, clusterSlots) - 1;
    await node.admin.cluster('ADDSLOTSRANGE', index * slotsEach, last);
    await node.admin.call('CLUSTER', 'SET-CONFIG-EPOCH', String(index + 1));
  }
  for (const node of nodes.slice(1)) {
    const busPort = (await node.admin.config('GET', 'cluster-port')) as string[];
    await first.admin.call('CLUSTER', 'MEET', '127.0.0.1', String(node.port), busPort[1] ?? '');
  }
  const agrees = async (node: RedisNode) => {
    const info = String(await node.admin.cluster('INFO'));
    return info.includes('cluster_state:ok') && info.includes(`cluster_known_nodes:${count}`);
  };
  await until('the cluster to agree', async () => (await Promise.all(nodes.map(agrees))).every(Boolean));
  for (const [index, node] of nodes.slice(3).entries()) {
    const primary = primaries[index];
    if (primary === undefined) continue;
    await node.admin.cluster('REPLICATE', String(await primary.admin.cluster('MYID')));
    await until('a cluster replica to follow', async () =>
      (await node.admin.info('replication')).includes('master_link_status:up'),
    );
  }
  return {
    nodes,
    addresses: nodes.map((node) => `127.0.0.1:${node.port}`),
    async stop() {
      await Promise.all(nodes.map((node) => node.stop()));
    },
  };
}

export interface RedisSentinels {
  readonly primary: RedisNode;
  readonly replica: RedisNode;
  /** `host:port` of each Sentinel. */
  readonly addresses: readonly string[];
  /** The name under which the Sentinels know the primary. */
  readonly name: string;
  stop(): Promise<void>;
}

/** A primary and a replica, watched by three Sentinels that know each other. */
export async function startRedisSentinels(): Promise<RedisSentinels> {
  const { primary, replica } = await startRedisPair();
  const name = 'manifeed-primary';
  const sentinels = await Promise.all([1, 2, 3].map(() => startSentinel(name, primary.port)));
  const ready = async (node: RedisNode) => {
    const state = (await node.admin.call('SENTINEL', 'MASTER', name)) as Record<string, string> | string[];
    const fields = Array.isArray(state) ? pairs(state) : state;
    return fields['num-other-sentinels'] === '2' && fields['num-slaves'] === '1';
  };
  await until('the Sentinels to know each other', async () =>
    (await Promise.all(sentinels.map(ready))).every(Boolean),
  );
  return {
    primary,
    replica,
    addresses: sentinels.map((node) => `127.0.0.1:${node.port}`),
    name,
    async stop() {
      await Promise.all([...sentinels, primary, replica].map((node) => node.stop()));
    },
  };
}

function pairs(flat: readonly string[]): Record<string, string> {
  const fields: Record<string, string> = {};
  for (let i = 0; i + 1 < flat.length; i += 2) fields[flat[i] ?? ''] = flat[i + 1] ?? '';
  return fields;
}

async function startSentinel(name: string, primaryPort: number): Promise<RedisNode> {
  const port = await freePort();
  const dir = await mkdtemp(join(tmpdir(), 'manifeed-sentinel-'));
  const file = join(dir, 'sentinel.conf');
  // A Sentinel rewrites its own configuration, so it needs a file. The options of startRedis follow it.
  await writeFile(
    file,
    [
      `port ${port}`,
      'bind 127.0.0.1',
      `dir ${dir}`,
      `sentinel monitor ${name} 127.0.0.1 ${primaryPort} 2`,
      `sentinel down-after-milliseconds ${name} 1000`,
      `sentinel failover-timeout ${name} 5000`,
      '',
    ].join('\n'),
  );
  const child = startChild('redis-server', [file, '--sentinel']);
  const admin = new Redis({ port, host: '127.0.0.1', retryStrategy: () => 50, maxRetriesPerRequest: null });
  admin.on('error', () => {});
  await child.until(`a Sentinel to answer on port ${port}`, () => isAnswering(child, port, {}));
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    admin,
    kill: () => child.stop('SIGKILL'),
    pause: () => void child.process.kill('SIGSTOP'),
    resume: () => void child.process.kill('SIGCONT'),
    start: () => Promise.reject(new Error('start a Sentinel again: not supported')),
    async stop() {
      admin.disconnect();
      await child.stop('SIGKILL');
      await rm(dir, { recursive: true, force: true });
    },
  };
}
