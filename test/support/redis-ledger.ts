import type { Ledger } from '../../src/ledger/ledger.ts';
import { openRedisLedger } from '../../src/ledger/redis.ts';
import type { RedisTarget } from '../../src/ledger/redis-target.ts';
import { systemClock } from '../../src/lib/clock.ts';
import type { OpenLedger } from '../contract/ledger.ts';

let prefixes = 0;

/** A key prefix that no other test of this process uses. */
export function freshPrefix(): string {
  prefixes += 1;
  return `test-${process.pid}-${prefixes}`;
}

/** Opens ledgers for the contract suite, each under a prefix of its own. */
export function contractLedgers(target: () => RedisTarget): OpenLedger {
  return async ({ clock, ...options }) => {
    // Timeouts and watches run on real time: the fake clock is only what the ledger believes it is.
    const own = { keyPrefix: freshPrefix(), clock: systemClock, now: () => clock.now() };
    const open = () => openRedisLedger({ ...options, ...target(), ...own });
    let ledger: Ledger = await open();
    return {
      ledger,
      reopen: async () => {
        await ledger.close();
        ledger = await open();
        return ledger;
      },
      close: () => ledger.close(),
    };
  };
}
