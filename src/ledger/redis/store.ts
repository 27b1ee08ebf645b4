import { randomId } from '../../lib/random-id.ts';
import type { RedisConnections } from '../../redis/connections.ts';
import type { RedisLink } from '../../redis/link.ts';
import { ScriptRunner } from '../../redis/runner.ts';
import type { Scripts } from '../../redis/scripts.ts';
import type { LedgerScript } from './scripts.ts';

/** Keys of the ledger that are read without a script. `lua/keys.lua` says what each holds. */
export interface LedgerKeys {
  readonly prefix: string;
  readonly meta: string;
  readonly log: string;
  readonly last: string;
  readonly scopes: string;
}

/** The newest position that this gateway knows. A server with less has lost changes. */
export type Seen = () => { readonly epoch: string; readonly head: number };

export class RedisStore extends ScriptRunner<LedgerScript> {
  readonly keys: LedgerKeys;
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
