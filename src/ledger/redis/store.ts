import type { Redis } from 'ioredis';
import { messageOf } from '../../errors.ts';
import { failpoint } from '../../lib/failpoint.ts';
import type { Log } from '../../lib/log.ts';
import { randomId } from '../../lib/random-id.ts';
import type { RedisConnections } from '../../redis/connections.ts';
import { schemaVersion } from '../../redis/keys.ts';
import type { RedisLink } from '../../redis/link.ts';
import { ScriptRunner } from '../../redis/runner.ts';
import type { Scripts } from '../../redis/scripts.ts';
import type { LedgerScript } from './scripts.ts';

/** Repositories without an order by time, of any number of tags, whose rows one call may read and sort. */
const sortedAtOnce = 8;

/** The newest position that this gateway knows. A server with less has lost changes. */
export type Seen = () => { readonly epoch: string; readonly head: number };

/** Runs the ledger's scripts, with what all of them need. */
export class RedisStore extends ScriptRunner<LedgerScript> {
  /** Keys that are read without a script. `lua/keys.lua` says what each holds. */
  readonly keys: Readonly<Record<'prefix' | 'meta' | 'log' | 'last' | 'scopes', string>>;
  readonly link: RedisLink;
  readonly #log: Log;
  readonly #maxRows: number;
  #migrating: Promise<void> | null = null;

  /** @param maxRows rows that one call may look at, or one step of a migration makes */
  constructor(redis: RedisConnections, scripts: Scripts<LedgerScript>, seen: Seen, maxRows: number) {
    const { prefix, meta, channel } = redis.keys;
    const maxUnordered = Math.floor(maxRows / sortedAtOnce);
    const common = () => {
      const { epoch, head } = seen();
      return { epoch: randomId(redis.random), seenEpoch: epoch, seenHead: head, channel, maxUnordered };
    };
    super({ redis, scripts, common });
    this.#log = redis.log;
    this.#maxRows = maxRows;
    this.keys = { prefix, meta, log: `${prefix}log`, last: `${prefix}last`, scopes: `${prefix}scopes` };
    this.link = redis.commands;
  }

  /** As every run. If the ledger has an earlier format, it is migrated first. */
  override async run(
    script: LedgerScript,
    action: string,
    call: Readonly<Record<string, unknown>> = {},
    args: readonly (string | Buffer)[] = [],
  ): Promise<unknown> {
    try {
      return await super.run(script, action, call, args);
    } catch (error) {
      if (!needsMigration(error)) throw error;
      await this.#migrate(action);
      return await super.run(script, action, call, args);
    }
  }

  /** Checks, on a connection that is not up yet, that its ledger is not newer. It may have to be migrated. */
  async prepare(client: Redis): Promise<void> {
    await this.load(client);
    await this.runOn(client, 'status').catch((error: unknown) => {
      if (!needsMigration(error)) throw error;
    });
  }

  /** In steps of `maxRows` rows, so that Redis answers others in between. Several gateways may take turns. */
  #migrate(action: string): Promise<void> {
    this.#migrating ??= this.#migrateAll(action).finally(() => {
      this.#migrating = null;
    });
    return this.#migrating;
  }

  async #migrateAll(action: string): Promise<void> {
    this.#log.warn({ schema: schemaVersion }, 'migrate the ledger in Redis: begins');
    let steps = 0;
    for (let left = true; left; steps += 1) {
      left = (await super.run('migrate', action, { isMigration: true, maxRows: this.#maxRows })) !== '1';
      failpoint('redis.mid-migration');
    }
    this.#log.warn({ schema: schemaVersion, steps }, 'migrate the ledger in Redis: done');
  }
}

/** Whether the script was refused with MIGRATE (`lua/admit.lua`), by the server or through the link. */
function needsMigration(error: unknown): boolean {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  return messageOf(cause).startsWith('MIGRATE');
}
