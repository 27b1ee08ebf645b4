import { randomId } from '../../lib/random-id.ts';
import type { RedisConnections } from '../../redis/connections.ts';
import type { RedisLink } from '../../redis/link.ts';
import { ScriptRunner } from '../../redis/runner.ts';
import type { Scripts } from '../../redis/scripts.ts';
import type { LedgerScript } from './scripts.ts';

/** The newest position that this gateway knows. A server with less has lost changes. */
export type Seen = () => { readonly epoch: string; readonly head: number };

/** Runs the ledger's scripts, with what all of them need. */
export class RedisStore extends ScriptRunner<LedgerScript> {
  /** Keys that are read without a script. `lua/keys.lua` says what each holds. */
  readonly keys: Readonly<Record<'prefix' | 'meta' | 'log' | 'last' | 'scopes', string>>;
  readonly link: RedisLink;

  constructor(redis: RedisConnections, scripts: Scripts<LedgerScript>, seen: Seen) {
    const { prefix, meta, channel } = redis.keys;
    const common = () => {
      const { epoch, head } = seen();
      return { epoch: randomId(redis.random), seenEpoch: epoch, seenHead: head, channel };
    };
    super({ redis, scripts, common });
    this.keys = { prefix, meta, log: `${prefix}log`, last: `${prefix}last`, scopes: `${prefix}scopes` };
    this.link = redis.commands;
  }
}
