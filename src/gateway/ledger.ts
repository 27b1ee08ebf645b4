/** Opens the configured ledger, and joins the other gateways if it is shared. */

import type { Cluster } from '../cluster/cluster.ts';
import { createMemoryCluster } from '../cluster/memory/cluster.ts';
import { openRedisCluster } from '../cluster/redis/cluster.ts';
import type { Config } from '../config/shape.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { openMemoryLedger } from '../ledger/memory/memory.ts';
import type { LedgerOptions } from '../ledger/options.ts';
import { openRedisLedger, type SharedLedger } from '../ledger/redis/redis.ts';
import { openSqliteLedger } from '../ledger/sqlite/sqlite.ts';
import type { Transferable } from '../ledger/transfer.ts';
import type { Clock } from '../lib/clock.ts';

/** Opens the ledger of `kind`. @throws UNAVAILABLE if it cannot be opened */
export async function openLedger(
  config: Config['ledger'],
  options: LedgerOptions,
): Promise<(Ledger & Transferable) | SharedLedger> {
  switch (config.kind) {
    case 'memory':
      return openMemoryLedger(options);
    case 'sqlite':
      return openSqliteLedger({ ...options, path: config.path });
    case 'redis': {
      const { kind: _, name, caFile, ca: __, ...target } = config;
      return openRedisLedger({
        ...options,
        ...target,
        ...(config.sentinels === undefined ? {} : { sentinelName: name ?? 'mymaster' }),
        ...(caFile === undefined ? {} : { caFile }),
      });
    }
  }
}

/** What gateways share, over the ledger's own connections; without a shared ledger, this gateway is alone. */
export function joinCluster(ledger: Ledger | SharedLedger, clock: Clock): Promise<Cluster> | Cluster {
  return 'redis' in ledger ? openRedisCluster(ledger.redis) : createMemoryCluster(clock);
}
