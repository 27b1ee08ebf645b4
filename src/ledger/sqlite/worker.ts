/**
 * The thread that owns the SQLite file. better-sqlite3 is synchronous, and an fsync on the gateway's own thread
 * would hold up every frame behind it. It answers requests in the order they come and decides nothing.
 */
import { parentPort } from 'node:worker_threads';
import { ManifeedError } from '../../errors.ts';
import type { Call, CallResult } from './call.ts';
import { refuseDisk } from './error.ts';
import { type Ask, type ReplyMessage, type Request, type RequestMessage, toFailure } from './protocol.ts';
import { SqliteStore, type SqliteStoreOptions } from './store.ts';

const port = parentPort;
if (port === null) throw new Error('start the SQLite worker: no parent: must run in a worker thread');

let store: SqliteStore | null = null;

port.on('message', ({ id, request }: RequestMessage) => {
  let message: ReplyMessage;
  try {
    message = { id, ok: true, reply: answer(request) };
  } catch (error) {
    message = { id, ok: false, failure: toFailure(error) };
  }
  const notices = store?.health.takeNotices() ?? [];
  port.postMessage(notices.length === 0 ? message : { ...message, notices });
  if (request.kind === 'close') port.close();
});

function answer(request: Request): unknown {
  if (request.kind === 'open') {
    store = open(request.ask);
    return store.bounds();
  }
  if (store === null)
    throw new ManifeedError('UNAVAILABLE', 'ask the SQLite worker: the file is closed: must be open');
  switch (request.kind) {
    case 'bounds':
      return store.bounds();
    case 'commit':
      return commit(store, request.ask);
    case 'claimPending':
      return store.claimPending(
        request.ask.limit,
        request.ask.leaseMs,
        request.ask.now,
        request.ask.monotonic,
      );
    case 'read':
      return store.read(request.ask.after, request.ask.limit, request.ask.repositories);
    case 'seek':
      return store.seek(request.ask.time);
    case 'tags':
      return store.tags(request.ask);
    case 'baselines':
      return store.baselines(request.ask.registry, request.ask.repository);
    case 'check':
      return store.check();
    case 'trim':
      return store.trim(request.ask.now, request.ask.hasStood, request.ask.monotonic);
    case 'scrub':
      return store.scrub();
    case 'exportStart':
      return store.exportStart();
    case 'exportNext':
      return store.exportNext();
    case 'exportEnd':
      return store.exportEnd();
    case 'importStart':
      return store.importStart();
    case 'importNext':
      return store.importNext(request.ask.rows);
    case 'importEnd':
      return store.importEnd(request.ask.isWhole);
    case 'close':
      store.close();
      store = null;
      return undefined;
  }
}

/** The store's statements are made from the file's tables, so that damage there shows here. */
function open(options: SqliteStoreOptions): SqliteStore {
  try {
    return new SqliteStore(options);
  } catch (error) {
    throw refuseDisk(`open ledger ${options.path}`, error);
  }
}

/**
 * A group stands or falls together, which is right when the disk fails. When one call trips over a defect, the
 * others must not fall with it, again and again as their senders retry: then each is committed alone.
 */
function commit(of: SqliteStore, { calls, now, monotonic }: Ask<'commit'>): readonly CallResult[] {
  try {
    return of.commit(calls, now, monotonic);
  } catch (error) {
    if (calls.length === 1 || error instanceof ManifeedError) throw error;
    return calls.flatMap((call) => commitAlone(of, call, now, monotonic));
  }
}

function commitAlone(of: SqliteStore, call: Call, now: number, monotonic: number): readonly CallResult[] {
  try {
    return of.commit([call], now, monotonic);
  } catch (error) {
    const { code, message } = toFailure(error);
    return [{ kind: 'refused', code: code ?? 'INTERNAL', message }];
  }
}
