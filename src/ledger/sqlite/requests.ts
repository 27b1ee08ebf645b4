/** The worker's handlers; both ends take their types from here. Times are ms since the epoch, `monotonic` ms. */
import { ManifeedError } from '../../errors.ts';
import type { TagQuery } from '../ledger.ts';
import type { LedgerRow } from '../transfer.ts';
import type { Call, CallResult } from './call.ts';
import { type Failure, toFailure } from './failure.ts';
import type { Notice } from './health.ts';
import type { SqliteStore, SqliteStoreOptions } from './store.ts';

type Store = SqliteStore;

export const handlers = {
  bounds: (store: Store) => store.bounds(),
  commit: commitGroup,
  claimPending: (store: Store, limit: number, leaseMs: number, now: number, monotonic: number) =>
    store.claimPending(limit, leaseMs, now, monotonic),
  read: (store: Store, after: number, limit: number, repositories?: readonly string[]) =>
    store.read(after, limit, repositories),
  seek: (store: Store, time: number) => store.seek(time),
  tags: (store: Store, query: TagQuery) => store.tags(query),
  baselines: (store: Store, registry: string, repository: string) => store.baselines(registry, repository),
  check: (store: Store) => store.check(),
  trim: (store: Store, now: number, hasStood: boolean, monotonic: number) =>
    store.trim(now, hasStood, monotonic),
  /** True: the whole ledger was read. */
  scrub: (store: Store) => store.scrub(),
  exportStart: (store: Store) => store.exportStart(),
  /** No rows: the export has ended. */
  exportNext: (store: Store) => store.exportNext(),
  exportEnd: (store: Store) => store.exportEnd(),
  importStart: (store: Store) => store.importStart(),
  importNext: (store: Store, rows: readonly LedgerRow[]) => store.importNext(rows),
  /** Not whole: the import is rolled back. */
  importEnd: (store: Store, isWhole: boolean) => store.importEnd(isWhole),
};

type Handlers = typeof handlers;
export type Kind = keyof Handlers;
export type Ask<K extends Kind> = Parameters<Handlers[K]> extends [Store, ...infer Args] ? Args : never;
export type Reply<K extends Kind> = ReturnType<Handlers[K]>;

export type RequestMessage = { readonly id: number } /** Comes first; the reply is the bounds. */ & (
  | { readonly kind: 'open'; readonly options: SqliteStoreOptions }
  /** The worker ends after its reply. */
  | { readonly kind: 'close' }
  /** The handler's arguments; only the link makes these. */
  | { readonly kind: 'ask'; readonly of: Kind; readonly args: readonly never[] }
);

export type ReplyMessage = (
  | { readonly id: number; readonly ok: true; readonly reply: unknown }
  | { readonly id: number; readonly ok: false; readonly failure: Failure }
) & { readonly notices?: readonly Notice[] };

/** A group fails together, which is right if the disk fails. After a defect in one call, each is committed alone. */
function commitGroup(
  store: Store,
  calls: readonly Call[],
  now: number,
  monotonic: number,
): readonly CallResult[] {
  try {
    return store.commit(calls, now, monotonic);
  } catch (error) {
    if (calls.length === 1 || error instanceof ManifeedError) throw error;
    return calls.flatMap((call) => commitAlone(store, call, now, monotonic));
  }
}

function commitAlone(store: Store, call: Call, now: number, monotonic: number): readonly CallResult[] {
  try {
    return store.commit([call], now, monotonic);
  } catch (error) {
    const { code, message } = toFailure(error);
    return [{ kind: 'refused', code: code ?? 'INTERNAL', message }];
  }
}
