/**
 * Where Redis is: one address, the primary that Sentinels name, or the Cluster node that owns our slot. All keys of a
 * ledger share one slot, so one ordinary connection to one server is enough. The queues and retries of a Cluster
 * client would hide whether a write may have happened.
 */
import { readFile } from 'node:fs/promises';
import { Redis, type RedisOptions } from 'ioredis';
import { invalidParameter, type ManifeedError } from '../errors.ts';
import type { Random } from '../lib/random.ts';

/** Where Redis is, and how to be let in. */
export interface RedisTarget {
  /** `redis://[user:password@]host[:port][/db]`; `rediss://` for TLS. Sentinels or Cluster replace the host. */
  readonly url: string;
  /** Overrides the URL's, as `password` does. */
  readonly username?: string;
  readonly password?: string;
  /** `host:port` of each Sentinel; needs `sentinelName`. */
  readonly sentinels?: readonly string[];
  readonly sentinelName?: string;
  readonly sentinelUsername?: string;
  readonly sentinelPassword?: string;
  /** `host:port` of some nodes of a Cluster. */
  readonly cluster?: readonly string[];
  /** PEM file of the authorities trusted for `rediss://`; default: the system's. */
  readonly caFile?: string;
}

/** The defaults; `RedisOptions.timeouts` overrides them. */
export const defaultTimeouts = {
  /** For connecting and the first answer, ms. */
  connectTimeoutMs: 5_000,
  /** For each command's answer, ms. */
  commandTimeoutMs: 3_000,
};

/** See `defaultTimeouts`. */
export type RedisTimeouts = Readonly<typeof defaultTimeouts>;

/** Shapes replies as RESP2 does, whichever protocol the server speaks. */
type ConnectionOptions = RedisOptions & { readonly replyMapping: 'legacy' };

const defaultPort = 6_379;

/** Makes a client, not yet connected, for the current primary. Called for each connection. */
export type Dial = () => Promise<Redis>;

/** Host and database for logs, without credentials. */
export function describeTarget(target: RedisTarget): string {
  if (target.sentinels !== undefined) return `Sentinel primary ${target.sentinelName ?? ''}`;
  if (target.cluster !== undefined) return `Cluster at ${target.cluster.join(', ')}`;
  return new URL(target.url).host;
}

/** The database of the URL's path, 0 without one. Refuses any but 0 in a Cluster, which has only that. */
export function databaseOf(target: RedisTarget): number {
  const path = new URL(target.url).pathname.replace(/^\//, '');
  const db = path === '' ? 0 : Number(path);
  if (!Number.isInteger(db) || db < 0) throw refuse(`database ${path}`, 'must be a number from 0');
  if (db !== 0 && target.cluster !== undefined) throw refuse(`database ${db}`, 'must be 0 in a Cluster');
  return db;
}

/** @param slotKey in a Cluster, its owner is dialled. @throws PARAMETER_INVALID if the target is not valid */
export async function createDial(
  target: RedisTarget,
  slotKey: string,
  timeouts: RedisTimeouts,
  random: Random,
): Promise<Dial> {
  const common = await commonOptions(target, timeouts);
  const { sentinels, cluster } = target;
  if (sentinels !== undefined) {
    const options = sentinelOptions(target, common, timeouts);
    return async () => new Redis(options);
  }
  if (cluster !== undefined) {
    const seeds = cluster.map(parseAddress);
    return async () => new Redis({ ...common, ...(await findSlotOwner(seeds, slotKey, common, random)) });
  }
  const { hostname, port } = new URL(target.url);
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  return async () => new Redis({ ...common, host, port: port === '' ? defaultPort : Number(port) });
}

async function commonOptions(target: RedisTarget, timeouts: RedisTimeouts): Promise<ConnectionOptions> {
  const url = new URL(target.url);
  if (url.protocol !== 'redis:' && url.protocol !== 'rediss:')
    throw refuse(`scheme ${url.protocol}`, 'must be redis:// or rediss://');
  const username = target.username ?? decodeURIComponent(url.username);
  const password = target.password ?? decodeURIComponent(url.password);
  const secure = url.protocol === 'rediss:';
  const ca = target.caFile === undefined ? undefined : await readFile(target.caFile, 'utf8');
  return {
    db: databaseOf(target),
    replyMapping: 'legacy',
    ...(username === '' ? {} : { username }),
    ...(password === '' ? {} : { password }),
    ...(secure ? { tls: ca === undefined ? {} : { ca } } : {}),
    connectTimeout: timeouts.connectTimeoutMs,
    commandTimeout: timeouts.commandTimeoutMs,
    lazyConnect: true,
    // The link reconnects: with ioredis's queues and retries a command could wait, or be sent twice, unseen.
    retryStrategy: () => null,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    maxRetriesPerRequest: 0,
    connectionName: 'manifeed',
  };
}

function sentinelOptions(
  target: RedisTarget,
  common: ConnectionOptions,
  timeouts: RedisTimeouts,
): ConnectionOptions {
  if (target.sentinelName === undefined)
    throw refuse('no sentinelName', 'must name the primary as the Sentinels do');
  return {
    ...common,
    sentinels: (target.sentinels ?? []).map(parseAddress),
    name: target.sentinelName,
    role: 'master',
    ...(target.sentinelUsername === undefined ? {} : { sentinelUsername: target.sentinelUsername }),
    ...(target.sentinelPassword === undefined ? {} : { sentinelPassword: target.sentinelPassword }),
    ...(common.tls === undefined ? {} : { enableTLSForSentinelMode: true, sentinelTLS: common.tls }),
    sentinelRetryStrategy: () => null,
    sentinelCommandTimeout: timeouts.commandTimeoutMs,
  };
}

interface Address {
  readonly host: string;
  readonly port: number;
}

/** Parses `host`, `host:port` or `[v6]:port`. */
function parseAddress(text: string): Address {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]+))(?::([0-9]{1,5}))?$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = match?.[3] === undefined ? defaultPort : Number(match[3]);
  if (host === undefined || port > 65_535) throw refuse(`address ${text}`, 'must be host:port');
  return { host, port };
}

/** Asks the seeds in random order, so that a dead one does not delay every reconnect of every gateway. */
async function findSlotOwner(
  seeds: readonly Address[],
  slotKey: string,
  common: ConnectionOptions,
  random: Random,
): Promise<Address> {
  let failure: unknown = new Error('no seed nodes');
  const order = seeds.map((seed) => ({ seed, at: random() })).sort((a, b) => a.at - b.at);
  for (const { seed } of order) {
    const asked = new Redis({ ...common, ...seed });
    asked.on('error', (error: unknown) => {
      failure = error;
    });
    try {
      await asked.connect();
      const slot = Number(await asked.call('CLUSTER', 'KEYSLOT', slotKey));
      const owner = ownerOf(slot, await asked.call('CLUSTER', 'SLOTS'), seed);
      if (owner !== null) return owner;
      failure = new Error(`nobody owns slot ${slot}`);
    } catch (error) {
      failure = error;
    } finally {
      asked.disconnect();
    }
  }
  throw failure;
}

/** Reads CLUSTER SLOTS: `[from, to, [host, port, …], …]` each. An empty host means the server that was asked. */
function ownerOf(slot: number, reply: unknown, asked: Address): Address | null {
  if (!Array.isArray(reply)) return null;
  for (const range of reply) {
    if (!Array.isArray(range) || Number(range[0]) > slot || Number(range[1]) < slot) continue;
    const primary: unknown = range[2];
    if (!Array.isArray(primary)) return null;
    const host = typeof primary[0] === 'string' && primary[0] !== '' ? primary[0] : asked.host;
    return { host, port: Number(primary[1]) };
  }
  return null;
}

function refuse(what: string, required: string): ManifeedError {
  return invalidParameter('ledger', `connect to Redis: ${what}: ${required}`);
}
