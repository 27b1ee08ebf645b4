import type { Change } from '../../src/event/change.ts';
import type { Ledger, TailEvent } from '../../src/ledger/ledger.ts';
import { openRedisLedger, type RedisLedgerOptions, type SharedLedger } from '../../src/ledger/redis/redis.ts';
import { systemClock } from '../../src/lib/clock.ts';
import type { RedisTarget, RedisTimeouts } from '../../src/redis/target.ts';
import type { OpenLedger } from '../contract/ledger.ts';
import { patienceMs } from './inbox.ts';
import { tagSeen } from './ledger-samples.ts';
import { type RedisNode, type RedisNodeOptions, startRedis } from './redis.ts';
import { until } from './until.ts';

let prefixes = 0;

/** A key prefix that no other test of this process uses. */
export function freshPrefix(): string {
  prefixes += 1;
  return `test-${process.pid}-${prefixes}`;
}

/** Opens ledgers for the contract suite, each with its own prefix. */
export function contractLedgers(target: () => RedisTarget): OpenLedger<SharedLedger> {
  return async ({ clock, ...options }) => {
    // Timeouts and watches need real time. The ledger uses the fake clock only for its dates.
    const own = {
      keyPrefix: freshPrefix(),
      clock: systemClock,
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
    };
    const open = () => openRedisLedger({ ...options, ...target(), ...own });
    let ledger = await open();
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

/** So long that only a server that hangs exceeds them, and no machine that is merely busy. */
export const longTimeouts: RedisTimeouts = { connectTimeoutMs: 20_000, commandTimeoutMs: 20_000 };

/** So short that a test soon sees what becomes of a server that hangs. Also on a busy machine a command can fail. */
export const shortTimeouts: RedisTimeouts = { connectTimeoutMs: 1_000, commandTimeoutMs: 300 };

export interface RedisBench {
  start(options?: RedisNodeOptions): Promise<RedisNode>;
  /** Opens a ledger that `cleanUp` closes. Default: with `longTimeouts`, and time to open on a busy machine. */
  open(options: Partial<RedisLedgerOptions> & { url: string }): Promise<SharedLedger>;
  /** Adds a step to `cleanUp`. The last one added runs first. */
  later(cleanup: () => Promise<void>): void;
  cleanUp(): Promise<void>;
}

export function redisBench(): RedisBench {
  const cleanups: (() => Promise<void>)[] = [];
  const later = (cleanup: () => Promise<void>) => void cleanups.push(cleanup);
  return {
    later,
    async start(options = {}) {
      const node = await startRedis(options);
      later(() => node.stop());
      return node;
    },
    async open(options) {
      const retention = { maxChanges: 1_000, maxAgeMs: 3_600_000 };
      const common = {
        ...{ retention, clock: systemClock, random: Math.random, watchEveryMs: 200 },
        ...{ timeouts: longTimeouts, openTimeoutMs: patienceMs },
      };
      const ledger = await openRedisLedger({ ...common, ...options });
      later(() => ledger.close());
      return ledger;
    },
    async cleanUp() {
      for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
    },
  };
}

export interface Heard {
  readonly changes: Change[];
  readonly resets: (TailEvent & { kind: 'reset' })[];
}

export function listen(ledger: Ledger): Heard {
  const heard: Heard = { changes: [], resets: [] };
  ledger.tail((event) => {
    if (event.kind === 'changes') heard.changes.push(...event.changes);
    else heard.resets.push(event);
  });
  return heard;
}

/** Retries until the ledger accepts it, as a webhook's sender does. */
export function recordInTheEnd(ledger: Ledger, tag: string): Promise<void> {
  return until(`${tag} to be recorded`, async () => {
    await ledger.record([tagSeen(tag, 'one', Date.now())]);
    return true;
  });
}

export const sequences = (changes: readonly Change[]): number[] => changes.map(({ sequence }) => sequence);

export const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i);
