import type { Redis } from 'ioredis';
import { ManifeedError, messageOf, unavailable } from '../errors.ts';
import type { Clock } from '../lib/clock.ts';
import { within } from '../lib/deadline.ts';
import { type Log, noLog } from '../lib/log.ts';
import { type Metrics, noMetrics } from '../lib/metrics.ts';
import type { Random } from '../lib/random.ts';
import { RedisDamage } from './damage.ts';
import { redisKeys } from './keys.ts';
import { RedisLink } from './link.ts';
import type { ScriptHost } from './runner.ts';
import { assertServer } from './server-check.ts';
import {
  createDial,
  databaseOf,
  defaultTimeouts,
  describeTarget,
  type RedisTarget,
  type RedisTimeouts,
} from './target.ts';

/** How to connect. */
export interface RedisOptions extends RedisTarget {
  /** Prefix of all keys, in braces. Default `manifeed`. Two ledgers in one Redis need two. */
  readonly keyPrefix?: string;
  readonly timeouts?: Partial<RedisTimeouts>;
  /** How long opening may take, ms. Default 10,000. */
  readonly openTimeoutMs?: number;
  /** How often both connections are tested, ms. Default 2,000. */
  readonly watchEveryMs?: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly log?: Log;
  readonly metrics?: Metrics;
  /** The time for scripts, ms; default: the Redis server's, which all gateways share. For tests. */
  readonly now?: () => number;
}

/** The user that prepares the connections and hears the channel: the ledger. */
interface RedisUser {
  /** Prepares each new connection for commands before it counts as up. A rejection ends the connection. */
  prepare(client: Redis): Promise<void>;
  onMessage(text: string): void;
  /** Asks where the ledger stands: every `watchEveryMs`, and after each reconnect. */
  onLook(): Promise<void>;
}

/** The connections of a gateway. Other users send their own scripts over `commands`. */
export interface RedisConnections extends ScriptHost {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly damage: RedisDamage;
  /** Reconnects the channel. */
  renewTail(reason: string): void;
  /** Idempotent. */
  close(): Promise<void>;
}

const defaults = { keyPrefix: 'manifeed', openTimeoutMs: 10_000, watchEveryMs: 2_000 };

/** A failed dial is retried within 200 ms, in a long outage within 5 s. Jitter spreads the gateways' retries. */
const backoff = { baseMs: 100, maxMs: 5_000 };

/**
 * Opens the two connections of a gateway, one for commands and one for the channel: a slow script delays no
 * message, and a flood of messages delays no commit. Resolves when both are up.
 *
 * @param makeUser called before anything is dialled
 * @throws UNAVAILABLE if Redis cannot be reached within `openTimeoutMs`, is too old, or holds a newer schema
 * @throws PARAMETER_INVALID if the target's settings contradict each other or are not valid
 */
export async function openConnections(
  options: RedisOptions,
  makeUser: (redis: RedisConnections) => RedisUser,
): Promise<RedisConnections> {
  const { clock, random, log = noLog, metrics = noMetrics, now } = options;
  const timeouts = { ...defaultTimeouts, ...options.timeouts };
  const keys = redisKeys(options.keyPrefix ?? defaults.keyPrefix, databaseOf(options));
  const dial = await createDial(options, keys.meta, timeouts, random);
  const up = metrics.gauge('ledger_redis_up', 'Whether the connection to Redis is up', ['connection']);
  const scriptsTotal = metrics.counter('ledger_redis_scripts_total', 'Scripts sent to Redis', ['script']);
  const stop = new AbortController();

  const makeLink = (name: string, prepare: (client: Redis) => Promise<void>) => {
    const first = Promise.withResolvers<void>();
    let lastError: unknown = new Error('no answer yet');
    const link = new RedisLink({
      ...{ name, address: describeTarget(options), dial, connectTimeoutMs: timeouts.connectTimeoutMs },
      ...{ backoff, clock, random, log, prepare },
      onUp: () => {
        up.set(1, { connection: name });
        first.resolve();
        // The stream has what was published meanwhile. After a failure the next look asks again.
        user.onLook().catch(() => {});
      },
      onDown: () => up.set(0, { connection: name }),
      onFailure: (error) => {
        lastError = error;
        if (isFinal(error)) first.reject(error);
      },
    });
    const opened = async () => {
      link.start();
      await within(
        { clock, timeoutMs: options.openTimeoutMs ?? defaults.openTimeoutMs },
        () => first.promise,
        () => {
          throw lastError;
        },
      );
    };
    return { link, opened };
  };

  const commands = makeLink('commands', async (client) => {
    await assertServer(client, log);
    await user.prepare(client);
  });
  const tail = makeLink('tail', async (client) => {
    client.on('smessage', (_channel: string, text: string) => user.onMessage(text));
    // A Cluster moved our slot to another node.
    client.on('moved', () => tail.link.fault(client, 'the slot moved'));
    await client.ssubscribe(keys.channel);
  });
  let watching: Promise<void> = Promise.resolve();
  const redis: RedisConnections = {
    ...{ keys, commands: commands.link, clock, random, log },
    damage: new RedisDamage({ log, clock, metrics }),
    now: () => now?.() ?? null,
    countScript: (script) => scriptsTotal.inc({ script }),
    renewTail: (reason) => tail.link.renew(reason),
    async close() {
      stop.abort();
      await Promise.all([commands.link.close(), tail.link.close()]);
      await watching;
    },
  };
  const user = makeUser(redis);
  try {
    await commands.opened();
    await tail.opened();
  } catch (error) {
    await redis.close();
    throw openFailure(options, error);
  }
  watching = watch(options, user, tail.link, stop.signal);
  return redis;
}

/** Uses both connections regularly: a command without an answer reveals a hung server or a silent cut. */
async function watch(
  options: RedisOptions,
  user: RedisUser,
  tail: RedisLink,
  signal: AbortSignal,
): Promise<void> {
  const { clock, random, watchEveryMs = defaults.watchEveryMs } = options;
  for (;;) {
    await clock.sleep(watchEveryMs * (0.75 + random() / 2), signal);
    if (signal.aborted) return;
    // A failure has already ended its connection, and the link logs it.
    await Promise.allSettled([
      user.onLook(),
      tail.isUp ? tail.use('listen to the channel', (client) => client.ping()) : null,
    ]);
  }
}

/** A retry will not help: a newer schema, an old server, a wrong password. */
function isFinal(error: unknown): boolean {
  return (
    error instanceof ManifeedError ||
    (error instanceof Error && /^(?:WRONGPASS|NOAUTH|NOPERM|ERR invalid password)/.test(error.message))
  );
}

function openFailure(target: RedisTarget, error: unknown): ManifeedError {
  if (error instanceof ManifeedError) return error;
  const reason = messageOf(error);
  if (/is not Redis$/.test(reason))
    return unavailable(`open the ledger: ${reason}: set ledger to the address of a Redis`, error);
  const where = describeTarget(target);
  const rule = rules.find(({ begin }) => begin.test(reason))?.rule;
  const message =
    rule === undefined
      ? `cannot reach Redis at ${where} (${reason})`
      : `Redis at ${where} ${rule} (${reason})`;
  return unavailable(`open the ledger: ${message}`, error);
}

/** What Redis begins to say to a user that may not do what is needed, and what helps. */
const rules = [
  { begin: /^NOAUTH/, rule: 'wants a password: set ledger.password' },
  { begin: /^(?:WRONGPASS|ERR invalid password)/, rule: 'refuses ledger.username or ledger.password' },
  { begin: /^NOPERM/, rule: 'refuses a command: the user in ledger.username must be allowed it' },
];
