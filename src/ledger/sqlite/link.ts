import { Worker } from 'node:worker_threads';
import { type ManifeedError, unavailable } from '../../errors.ts';
import type { Clock } from '../../lib/clock.ts';
import { within } from '../../lib/deadline.ts';
import type { Bounds } from '../ledger.ts';
import type { Notice } from './health.ts';
import { type Ask, type Kind, type Reply, type ReplyMessage, toError } from './requests.ts';
import type { SqliteStoreOptions } from './store.ts';

/** Time for a thread whose file did not open to end by itself, ms. */
export const abandonAfterMs = 5_000;

/** What the link uses of a worker thread. */
export interface Thread {
  on(event: 'message', listener: (message: ReplyMessage) => void): unknown;
  on(event: 'exit', listener: () => void): unknown;
  postMessage(request: object): void;
  terminate(): Promise<number>;
}

interface Waiting {
  resolve(reply: unknown): void;
  reject(error: Error): void;
}

/** The gateway's end of the worker thread: sends requests, and matches replies to them. */
export class SqliteLink {
  readonly #worker: Thread;
  readonly #waiting = new Map<number, Waiting>();
  readonly #onNotice: (notice: Notice) => void;
  #nextId = 1;
  #ended = false;

  /** @param thread default: a new one */
  constructor(onNotice: (notice: Notice) => void, thread: Thread = startThread()) {
    this.#onNotice = onNotice;
    this.#worker = thread;
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
    const exited = this.#exit();
    await this.#send({ kind: 'close' });
    await exited;
  }

  /**
   * Ends the thread after `open` has failed. It ends by itself, because to terminate a thread inside a native library
   * may end the process; only one that has not ended after `abandonAfterMs` is terminated.
   */
  async abandon(clock: Clock): Promise<void> {
    if (this.#ended) return;
    const exited = this.#exit();
    // It refuses, because no file is open, and ends all the same.
    this.#send({ kind: 'close' }).catch(() => {});
    const terminate = () => this.#worker.terminate();
    await within({ clock, timeoutMs: abandonAfterMs }, () => exited, terminate);
  }

  #exit(): Promise<void> {
    return new Promise((resolve) => void this.#worker.on('exit', () => resolve()));
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

function startThread(): Worker {
  // `.ts` while unbuilt (Node strips the types), `.js` in dist: the same as this file's.
  const extension = import.meta.url.slice(import.meta.url.lastIndexOf('.'));
  return new Worker(new URL(`./worker${extension}`, import.meta.url), { execArgv: [] });
}

function gone(): ManifeedError {
  return unavailable('ask the ledger: its thread has ended: must be open');
}
