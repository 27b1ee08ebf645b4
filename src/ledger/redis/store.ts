import type { Redis } from 'ioredis';
import { ManifeedError } from '../../errors.ts';
import type { RedisLink } from '../../redis/link.ts';
import { runScript, type ScriptName, type Scripts } from '../../redis/scripts.ts';
import { newEpoch } from '../epoch.ts';
import { encodeForLua } from './codec.ts';

/**
 * The shape of keys and rows that this version writes. Raised when an older gateway would misread them, or would
 * write what this version refuses: an older one then refuses to write, by name.
 *
 * 1: without checksums. 2: entries of the stream and rows of tags have a checksum (redis-sum.ts).
 */
export const schemaVersion = 2;

/** Key names, all in one Cluster slot. What each key holds stands at the head of `lua/common.lua`. */
export interface RedisKeys {
  readonly prefix: string;
  readonly meta: string;
  readonly log: string;
  readonly last: string;
  readonly scopes: string;
  /** With the database's number: channels belong to the server, not to a database. */
  readonly channel: string;
}

const prefixGrammar = /^[A-Za-z0-9._:-]{1,64}$/;

/** @throws PARAMETER_INVALID where the prefix can't stand in a hash tag */
export function redisKeys(keyPrefix: string, database: number): RedisKeys {
  if (!prefixGrammar.test(keyPrefix)) {
    const message = `open the ledger: keyPrefix ${JSON.stringify(keyPrefix.slice(0, 100))}: must match ${prefixGrammar.source}`;
    throw new ManifeedError('PARAMETER_INVALID', message, { detail: { parameter: 'keyPrefix' } });
  }
  const prefix = `{${keyPrefix}}:`;
  return {
    prefix,
    meta: `${prefix}meta`,
    log: `${prefix}log`,
    last: `${prefix}last`,
    scopes: `${prefix}scopes`,
    channel: `${prefix}changes:${database}`,
  };
}

export interface RedisStoreOptions {
  readonly link: RedisLink;
  readonly keys: RedisKeys;
  readonly scripts: Scripts;
  readonly random: () => number;
  /** The ledger's time, ms; null: the server's. */
  readonly now: () => number | null;
  /** The newest position that this gateway knows: a server that has less has lost changes. */
  readonly seen: () => { readonly epoch: string; readonly head: number };
  readonly onCommand: (script: ScriptName) => void;
}

/** Runs the ledger's scripts over the link. */
export class RedisStore {
  readonly keys: RedisKeys;
  readonly link: RedisLink;
  readonly #options: RedisStoreOptions;

  constructor(options: RedisStoreOptions) {
    this.#options = options;
    this.keys = options.keys;
    this.link = options.link;
  }

  /**
   * @param action for the error's message
   * @param call members of ARGV[1] that this script wants beside the common ones
   * @param args ARGV[2] and on
   * @throws UNAVAILABLE, see `RedisLink.use`
   */
  async run(
    script: ScriptName,
    action: string,
    call: Readonly<Record<string, unknown>> = {},
    args: readonly string[] = [],
  ): Promise<unknown> {
    return await this.link.use(action, (client) => this.runOn(client, script, call, args));
  }

  /** On a connection that is not up yet. */
  async runOn(
    client: Redis,
    script: ScriptName,
    call: Readonly<Record<string, unknown>> = {},
    args: readonly string[] = [],
  ): Promise<unknown> {
    const { scripts, keys, random, now, seen, onCommand } = this.#options;
    const { epoch, head } = seen();
    const common = {
      schema: schemaVersion,
      now: now(),
      epoch: newEpoch(random),
      seenEpoch: epoch,
      seenHead: head,
      channel: keys.channel,
    };
    onCommand(script);
    try {
      return await runScript(client, scripts[script], keys.meta, [
        encodeForLua({ ...common, ...call }),
        ...args,
      ]);
    } catch (error) {
      throw schemaRefusal(error) ?? foreignRefusal(error) ?? error;
    }
  }
}

/** A newer gateway has changed what the keys mean: to write as if it had not would ruin its ledger. */
function schemaRefusal(error: unknown): ManifeedError | null {
  const found = error instanceof Error ? /^SCHEMA (\d+)/.exec(error.message) : null;
  if (found === null) return null;
  const state = `schema ${found[1]} in Redis, written by a newer version`;
  return new ManifeedError(
    'UNAVAILABLE',
    `use the ledger: ${state}: must be at most ${schemaVersion}: upgrade this gateway`,
  );
}

/** A key of ours that holds something of another kind: another program uses the same names. */
function foreignRefusal(error: unknown): ManifeedError | null {
  const found = error instanceof Error ? /^(?:BROKEN )?FOREIGN (\S+) (\S+) (\S+)/.exec(error.message) : null;
  if (found === null) return null;
  const [, key, kind, wanted] = found;
  const state = `key ${key} in Redis holds a ${kind}, must be a ${wanted}`;
  const cure =
    'another program may write to it: delete the key, or set ledger.keyPrefix to a name of its own';
  return new ManifeedError('UNAVAILABLE', `use the ledger: ${state}: ${cure}`, { cause: error });
}
