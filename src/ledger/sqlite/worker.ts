/** The thread that owns the SQLite file: on the gateway's own thread a synchronous fsync would delay every frame. */
import { parentPort } from 'node:worker_threads';
import { ManifeedError, unavailable } from '../../errors.ts';
import { refuseDisk } from './error.ts';
import {
  type Ask,
  type Kind,
  type Reply,
  type ReplyMessage,
  type RequestMessage,
  toFailure,
} from './requests.ts';
import { SqliteStore, type SqliteStoreOptions } from './store.ts';

const port = parentPort;
if (port === null) throw new Error('start the SQLite worker: no parent: must run in a worker thread');

let store: SqliteStore | null = null;

port.on('message', (request: RequestMessage) => {
  const { id } = request;
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

function answer(request: RequestMessage): unknown {
  if (request.kind === 'open') {
    store = open(request.options);
    return store.bounds();
  }
  if (store === null) throw unavailable('ask the SQLite worker: the file is closed: must be open');
  if (request.kind === 'close') {
    store.close();
    store = null;
    return undefined;
  }
  if (request.of === 'commit') return Reflect.apply(commitGroup, store, request.args);
  return call(store, request.of, request.args);
}

function call(of: SqliteStore, name: Kind, args: readonly unknown[]): unknown {
  const owner = [of, of.queries, of.manifests, of.cursors].find((each) => name in each);
  if (owner === undefined) throw new Error(`ask the SQLite worker: ${name}: must be one of its methods`);
  return Reflect.apply(Reflect.get(owner, name), owner, args);
}

/** A group fails together, which is right if the disk fails. After a defect in one call, each is committed alone. */
function commitGroup(this: SqliteStore, ...[calls, ...times]: Ask<'commit'>): Reply<'commit'> {
  const commit = (some: typeof calls) => this.commit(some, ...times);
  try {
    return commit(calls);
  } catch (error) {
    if (calls.length === 1 || error instanceof ManifeedError) throw error;
    return calls.flatMap((call) => {
      try {
        return commit([call]);
      } catch (failed) {
        const { code, message } = toFailure(failed);
        return [{ kind: 'refused' as const, code: code ?? 'INTERNAL', message }];
      }
    });
  }
}

/** Preparing the store's statements reads the file's tables, so damage there shows here. */
function open(options: SqliteStoreOptions): SqliteStore {
  try {
    return new SqliteStore(options);
  } catch (error) {
    throw refuseDisk(`open ledger ${options.path}`, error);
  }
}
