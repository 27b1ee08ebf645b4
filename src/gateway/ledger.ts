/** Opens the ledger that the configuration names, and joins the other gateways where it is shared. */

import type { BudgetFor } from '../cluster/request-budget.ts';
import type { Schedule } from '../cluster/schedule.ts';
import type { Config } from '../config/config.ts';
import type { Crowd } from '../fanout/pace/wave.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { openMemoryLedger } from '../ledger/memory/memory.ts';
import type { LedgerOptions } from '../ledger/options.ts';
import { openRedisLedger, type SharedLedger } from '../ledger/redis/redis.ts';
import { openSqliteLedger } from '../ledger/sqlite/sqlite.ts';
import type { Clock } from '../lib/clock.ts';

export async function openLedger(
  config: Config['ledger'],
  options: LedgerOptions,
): Promise<Ledger | SharedLedger> {
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

/** The other gateways, as far as this one has to know of them. */
export interface Company {
  /** Paced subscribers of all gateways for a repository. */
  crowdOf(repositoryKey: string, own: number): Crowd;
  /** Tells the others this gateway's counts from now on. */
  tell(counts: () => ReadonlyMap<string, number>): void;
  /** Undefined: each gateway has its own. */
  readonly scheduleFor: ((registry: string) => Schedule) | undefined;
  readonly budgetFor: BudgetFor | undefined;
  close(): Promise<void>;
}

/** How often the counts are looked at; they travel only when they changed. */
const tellEveryMs = 500;

export function joinOthers(ledger: Ledger | SharedLedger, clock: Clock): Company {
  if (!('openPresence' in ledger)) return alone;
  const presence = ledger.openPresence();
  let cancel = () => {};
  return {
    crowdOf: (repositoryKey, own) => presence.counts(repositoryKey, own),
    tell(counts) {
      const turn = () => {
        // It resolves when told; while Redis is away the next turn replaces what was not.
        void presence.publish(counts());
        cancel = clock.after(tellEveryMs, turn);
      };
      turn();
    },
    scheduleFor: (registry) => ledger.scheduleFor(registry),
    budgetFor: (key, requestsPerSecond) => ledger.budgetFor(key, requestsPerSecond),
    async close() {
      cancel();
      await presence.close();
    },
  };
}

const alone: Company = {
  crowdOf: (_repositoryKey, own) => ({ node: 0, counts: [own] }),
  tell() {},
  scheduleFor: undefined,
  budgetFor: undefined,
  async close() {},
};
