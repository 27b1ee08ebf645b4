/** The thread that owns the SQLite file: on the gateway's own thread a synchronous fsync would delay every frame. */
import { parentPort } from 'node:worker_threads';
import { ManifeedError } from '../../errors.ts';
import { refuseDisk } from './error.ts';
import { toFailure } from './failure.ts';
import { handlers, type ReplyMessage, type RequestMessage } from './requests.ts';
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
  if (store === null)
    throw new ManifeedError('UNAVAILABLE', 'ask the SQLite worker: the file is closed: must be open');
  if (request.kind === 'close') {
    store.close();
    store = null;
    return undefined;
  }
  const handle: (of: SqliteStore, ...args: never[]) => unknown = handlers[request.of];
  return handle(store, ...request.args);
}

/** Preparing the store's statements reads the file's tables, so damage there shows here. */
function open(options: SqliteStoreOptions): SqliteStore {
  try {
    return new SqliteStore(options);
  } catch (error) {
    throw refuseDisk(`open ledger ${options.path}`, error);
  }
}
