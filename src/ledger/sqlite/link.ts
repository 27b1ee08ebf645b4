import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { type ManifeedError, unavailable } from '../../errors.ts';
import type { Bounds } from '../ledger.ts';
import type { Notice } from './health.ts';
import { type Ask, type Kind, type Reply, type ReplyMessage, toError } from './requests.ts';
import type { SqliteStoreOptions } from './store.ts';

interface Waiting {
  resolve(reply: unknown): void;
  reject(error: Error): void;
}

/** The gateway's end of the worker thread: sends requests, and matches replies to them. */
export class SqliteLink {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  readonly #onNotice: (notice: Notice) => void;
  #nextId = 1;
  #ended = false;

  constructor(onNotice: (notice: Notice) => void) {
    this.#onNotice = onNotice;
    // `.ts` while unbuilt (Node strips the types), `.js` in dist: the same as this file's.
    const extension = import.meta.url.slice(import.meta.url.lastIndexOf('.'));
    this.#worker = new Worker(new URL(`./worker${extension}`, import.meta.url), { execArgv: [] });
    this.#worker.on('message', (message: ReplyMessage) => this.#settle(message));
    // No listener for `error`: what the worker does not catch is a defect, and ends the process.
    this.#worker.on('exit', () => this.#end());
  }

  /** Opens the file. @throws UNAVAILABLE if that fails */
  open(options: SqliteStoreOptions): Promise<Bounds> {
    return this.#send({ kind: 'open', options });
  }

  /** Calls a method of the worker's store. Rejects with its error, and with UNAVAILABLE once the thread has ended. */
  ask<K extends Kind>(of: K, ...args: Ask<K>): Promise<Reply<K>> {
    return this.#send({ kind: 'ask', of, args });
  }

  async close(): Promise<void> {
    if (this.#ended) return;
    const exited = once(this.#worker, 'exit');
    await this.#send({ kind: 'close' });
    await exited;
  }

  async abandon(): Promise<void> {
    await this.#worker.terminate();
  }

  #send<T>(request: object): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#ended) return reject(gone());
      const id = this.#nextId++;
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ id, ...request });
    });
  }

  #settle(message: ReplyMessage): void {
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    for (const notice of message.notices ?? []) this.#onNotice(notice);
    if (message.ok) waiting?.resolve(message.reply);
    else waiting?.reject(toError(message.failure));
  }

  #end(): void {
    this.#ended = true;
    for (const { reject } of this.#waiting.values()) reject(gone());
    this.#waiting.clear();
  }
}

function gone(): ManifeedError {
  return unavailable('ask the ledger: its thread has ended: must be open');
}
