/** Opens the ledger that the configuration names. */
import type { Config } from './config.ts';
import type { Ledger } from './ledger/ledger.ts';
import { openMemoryLedger } from './ledger/memory.ts';
import type { LedgerOptions } from './ledger/options.ts';
import { openRedisLedger } from './ledger/redis.ts';
import { openSqliteLedger } from './ledger/sqlite.ts';

export async function openLedger(config: Config['ledger'], options: LedgerOptions): Promise<Ledger> {
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
