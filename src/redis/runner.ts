import type { Redis } from 'ioredis';
import { type ManifeedError, messageOf, unavailable } from '../errors.ts';
import { type RedisKeys, schemaVersion } from './keys.ts';
import type { RedisLink } from './link.ts';
import { encodeForLua } from './reply.ts';
import type { Script, Scripts } from './scripts.ts';

/** What a script needs from the connections: where to send it, the keys and the time. */
export interface ScriptHost {
  readonly commands: RedisLink;
  readonly keys: RedisKeys;
  /** The time for scripts, ms; null: the server's. */
  now(): number | null;
  countScript(script: string): void;
}

interface ScriptRunnerOptions<Name extends string> {
  readonly redis: ScriptHost;
  readonly scripts: Scripts<Name>;
  /** Members of ARGV[1] for all scripts of this runner, beside `schema` and `now`. Default: none. */
  readonly common?: () => Readonly<Record<string, unknown>>;
}

/** Runs the scripts of one user, by their SHA-1. */
export class ScriptRunner<Name extends string> {
  readonly #options: ScriptRunnerOptions<Name>;

  constructor(options: ScriptRunnerOptions<Name>) {
    this.#options = options;
  }

  /**
   * @param action for the error's message
   * @param call members of ARGV[1] that this script needs beside the common ones
   * @param args ARGV[2] and on
   * @throws UNAVAILABLE, see `RedisLink.use`
   */
  run(
    script: Name,
    action: string,
    call: Readonly<Record<string, unknown>> = {},
    args: readonly (string | Buffer)[] = [],
  ): Promise<unknown> {
    return this.#options.redis.commands.use(action, (client) => this.runOn(client, script, call, args));
  }

  /** Loads every script, so that calls need not send the source. */
  async load(client: Redis): Promise<void> {
    await Promise.all([...this.#options.scripts.values()].map(({ source }) => client.script('LOAD', source)));
  }

  /** As `run`, on a connection that is not up yet. */
  async runOn(
    client: Redis,
    name: Name,
    call: Readonly<Record<string, unknown>> = {},
    args: readonly (string | Buffer)[] = [],
  ): Promise<unknown> {
    const { redis, scripts, common } = this.#options;
    const script = scripts.get(name);
    if (script === undefined) throw new Error(`run script ${name}: must be on the list of its user`);
    redis.countScript(name);
    const first = encodeForLua({ schema: schemaVersion, now: redis.now(), ...common?.(), ...call });
    try {
      return await evaluate(client, script, [redis.keys.meta, first, ...args]);
    } catch (error) {
      throw refusalOf(error) ?? error;
    }
  }
}

/** Sends the source if the server does not have it: a first call, or after SCRIPT FLUSH. */
async function evaluate(client: Redis, script: Script, args: (string | Buffer)[]): Promise<unknown> {
  try {
    return await client.evalsha(script.sha, 1, ...args);
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
    return await client.eval(script.source, 1, ...args);
  }
}

/** Of keys that a newer gateway or another program has changed: writing would ruin the ledger. Null: other failures. */
function refusalOf(error: unknown): ManifeedError | null {
  const message = messageOf(error);
  const schema = /^SCHEMA (\d+)/.exec(message)?.[1];
  if (schema !== undefined) {
    const state = `schema ${schema} in Redis, written by a newer version`;
    return unavailable(`use the ledger: ${state}: must be at most ${schemaVersion}: upgrade this gateway`);
  }
  const [, key, kind, wanted] = /^(?:BROKEN )?FOREIGN (\S+) (\S+) (\S+)/.exec(message) ?? [];
  if (key === undefined) return null;
  const state = `key ${key} in Redis holds a ${kind}, must be a ${wanted}`;
  const cure =
    'another program may write to it: delete the key, or set ledger.keyPrefix to a name of its own';
  return unavailable(`use the ledger: ${state}: ${cure}`, error);
}
