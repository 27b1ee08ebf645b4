import type { Redis } from 'ioredis';
import { ManifeedError } from '../errors.ts';
import { type RedisKeys, RedisStore } from '../ledger/redis/store.ts';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { Metrics } from '../lib/metrics.ts';
import type { Random } from '../lib/random.ts';
import { RedisLink } from './link.ts';
import { loadScripts, readScripts } from './scripts.ts';
import {
  createDial,
  defaultTimeouts,
  describeTarget,
  type RedisTarget,
  type RedisTimeouts,
} from './target.ts';

export interface ConnectionsOptions {
  readonly target: RedisTarget;
  readonly keys: RedisKeys;
  readonly timeouts: Partial<RedisTimeouts>;
  readonly openTimeoutMs: number;
  readonly watchEveryMs: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly now: () => number | null;
  readonly seen: () => { readonly epoch: string; readonly head: number };
  /** A message of the channel. */
  readonly onMessage: (text: string) => void;
  /** Time to ask where the ledger stands: every `watchEveryMs`, and when the channel is heard again. */
  readonly onLook: () => Promise<void>;
}

export interface Connections {
  readonly store: RedisStore;
  /** Has the channel heard over a new connection. */
  renewTail(reason: string): void;
  /** Idempotent. */
  close(): Promise<void>;
}

/** One failed dial is retried after up to 200 ms, a lasting outage every 5 s at most: jittered, so that gateways spread. */
const backoff = { baseMs: 100, maxMs: 5_000 };

/**
 * Opens the two connections of a gateway: one for commands, one that hears the channel, so that neither a slow
 * script delays the news nor a flood of news a commit. Resolves when both are up.
 *
 * @throws UNAVAILABLE when Redis can't be had within `openTimeoutMs`, is too old, or holds a newer schema
 */
export async function openConnections(options: ConnectionsOptions): Promise<Connections> {
  const { target, keys, clock, random, log, metrics } = options;
  const timeouts = { ...defaultTimeouts, ...options.timeouts };
  const scripts = await readScripts();
  const dial = await createDial(target, keys.meta, timeouts, random);
  const up = metrics.gauge('ledger_redis_up', 'Whether the connection to Redis stands', ['connection']);
  const commandsTotal = metrics.counter('ledger_redis_scripts_total', 'Scripts sent to Redis', ['script']);
  const stop = new AbortController();

  const makeLink = (name: string, prepare: (client: Redis) => Promise<void>, onUp: () => void) => {
    const first = Promise.withResolvers<void>();
    let lastError: unknown = new Error('no answer yet');
    const link = new RedisLink({
      ...{
        name,
        address: describeTarget(target),
        dial,
        connectTimeoutMs: timeouts.connectTimeoutMs,
        backoff,
        clock,
        random,
        log,
        prepare,
      },
      onUp: () => {
        up.set(1, { connection: name });
        first.resolve();
        onUp();
      },
      onDown: () => up.set(0, { connection: name }),
      onFailure: (error) => {
        lastError = error;
        if (isFinal(error)) first.reject(error);
      },
    });
    const opened = async () => {
      const cancel = clock.after(options.openTimeoutMs, () => first.reject(lastError));
      link.start();
      await first.promise.finally(cancel);
    };
    return { link, opened };
  };

  // A failure is not lost: the next regular look asks again.
  const look = () => void options.onLook().catch(() => {});
  const commands = makeLink(
    'commands',
    async (client) => {
      await assertServer(client, log);
      await loadScripts(client, scripts);
      await store.runOn(client, 'status');
    },
    look,
  );
  const tail = makeLink(
    'tail',
    async (client) => {
      client.on('smessage', (_channel: string, text: string) => options.onMessage(text));
      // A Cluster moved our slot to another node.
      client.on('moved', () => tail.link.fault(client, 'the slot moved'));
      await client.ssubscribe(keys.channel);
    },
    // What was published while nobody listened is in the stream.
    look,
  );
  const store = new RedisStore({
    ...{ link: commands.link, keys, scripts, random, now: options.now, seen: options.seen },
    onCommand: (script) => commandsTotal.inc({ script }),
  });
  const close = async () => {
    stop.abort();
    await Promise.all([commands.link.close(), tail.link.close()]);
    await watching;
  };
  let watching: Promise<void> = Promise.resolve();
  try {
    await commands.opened();
    await tail.opened();
  } catch (error) {
    await close();
    throw openFailure(target, error);
  }
  watching = watch(options, tail.link, stop.signal);
  return { store, renewTail: (reason) => tail.link.renew(reason), close };
}

/**
 * Uses both connections now and then: a hung server or a cut that no packet tells of shows as a command that is
 * not answered in time, and ends the connection.
 */
async function watch(options: ConnectionsOptions, tail: RedisLink, signal: AbortSignal): Promise<void> {
  const { clock, random, watchEveryMs } = options;
  for (;;) {
    await clock.sleep(watchEveryMs * (0.75 + random() / 2), signal);
    if (signal.aborted) return;
    // Failures have ended their connection by now; the link says so in the log.
    await Promise.allSettled([
      options.onLook(),
      tail.isUp ? tail.use('listen to the channel', (client) => client.ping()) : null,
    ]);
  }
}

const minMajorVersion = 7;

async function assertServer(client: Redis, log: Log): Promise<void> {
  const info = await client.info('server');
  const version = /redis_version:(\d+)[^\r\n]*/.exec(info);
  if (version !== null && Number(version[1]) < minMajorVersion) {
    const message = `open the ledger: ${version[0]}: must be Redis ${minMajorVersion} or newer, or Valkey`;
    throw new ManifeedError('UNAVAILABLE', message);
  }
  const memory = await client.info('memory').catch(() => '');
  const policy = /maxmemory_policy:(allkeys-\w+)/.exec(memory)?.[1];
  if (policy !== undefined && !/maxmemory:0\r?\n/.test(memory))
    log.warn({ policy }, 'open the ledger: Redis may evict parts of it: maxmemory-policy must be noeviction');
  const risk = await persistenceRisk(client);
  if (risk !== null) log.warn({}, `open the ledger: ${risk} (docs/operating.md, Redis)`);
}

/** Which acknowledged pushes this Redis may lose, and what to set; null: none, or it does not say. */
async function persistenceRisk(client: Redis): Promise<string | null> {
  const [persistence, save, fsync] = await Promise.all([
    client.info('persistence').catch(() => ''),
    // Hosted Redis often forbids CONFIG.
    client.config('GET', 'save').catch(() => null),
    client.config('GET', 'appendfsync').catch(() => null),
  ]);
  if (/aof_enabled:1/.test(persistence))
    return settingOf(fsync) === 'everysec' || settingOf(fsync) === 'no'
      ? 'Redis writes its append-only file once a second or less: if its machine fails, acknowledged pushes of the last seconds are lost: set "appendfsync always"'
      : null;
  if (!/aof_enabled:0/.test(persistence)) return null;
  const loss =
    settingOf(save) === ''
      ? 'all changes and acknowledged pushes are lost'
      : 'acknowledged pushes since its last snapshot are lost';
  return `Redis has no append-only file: if it restarts, ${loss}: set "appendonly yes" and "appendfsync always"`;
}

/** The value of one setting in the answer to CONFIG GET: `['save', '3600 1']`. */
function settingOf(answer: unknown): unknown {
  return Array.isArray(answer) ? answer[1] : null;
}

/** Trying again will not help: a newer schema, an old server, a wrong password. */
function isFinal(error: unknown): boolean {
  return (
    error instanceof ManifeedError ||
    (error instanceof Error && /^(?:WRONGPASS|NOAUTH|NOPERM|ERR invalid password)/.test(error.message))
  );
}

function openFailure(target: RedisTarget, error: unknown): ManifeedError {
  if (error instanceof ManifeedError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  const message = /is not Redis$/.test(reason)
    ? `open the ledger: ${reason}: set ledger to the address of a Redis`
    : `open the ledger: cannot reach Redis at ${describeTarget(target)} (${reason})`;
  return new ManifeedError('UNAVAILABLE', message, { cause: error });
}
