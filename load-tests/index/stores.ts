/** Where a ledger is kept while it is measured: a file in a temporary folder, or a redis-server of its own. */
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Ledger } from '../../src/ledger/ledger.ts';
import type { LedgerQueries } from '../../src/ledger/queries.ts';
import { openRedisLedger } from '../../src/ledger/redis/redis.ts';
import { openSqliteLedger } from '../../src/ledger/sqlite/sqlite.ts';
import type { Transferable } from '../../src/ledger/transfer.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { startRedis } from '../../test/support/redis.ts';
import type { LedgerKind } from './options.ts';

export type OpenLedger = Ledger & LedgerQueries & Transferable;

export interface Store {
  /** As a gateway's configuration has it. */
  readonly url: string;
  /** The server's process; null: there is none. */
  readonly pid: number | null;
  /** A SQLite ledger has one owner: close it before a gateway opens it. */
  open(): Promise<OpenLedger>;
  /** Bytes that the ledger takes. */
  size(): Promise<number>;
  remove(): Promise<void>;
}

/** What a gateway must keep too. */
export const retention = { maxChanges: 1_000_000_000, maxAge: '30d' } as const;

const opening = {
  ...{ clock: systemClock, random: Math.random },
  retention: { maxChanges: retention.maxChanges, maxAgeMs: 30 * 86_400_000 },
};

export function makeStore(kind: LedgerKind): Promise<Store> {
  return kind === 'sqlite' ? makeFile() : makeServer();
}

async function makeFile(): Promise<Store> {
  const folder = await mkdtemp(join(tmpdir(), 'manifeed-load-'));
  const path = join(folder, 'ledger.db');
  return {
    url: `sqlite:${path}`,
    pid: null,
    open: () => openSqliteLedger({ ...opening, path }),
    size: async () => (await stat(path)).size,
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

async function makeServer(): Promise<Store> {
  const { url, admin, stop } = await startRedis();
  const fact = async (section: string, name: string) =>
    Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(await admin.info(section))?.[1]);
  const pid = await fact('server', 'process_id');
  return {
    ...{ url, pid },
    open: () => openRedisLedger({ ...opening, url }),
    size: () => fact('memory', 'used_memory'),
    remove: stop,
  };
}
