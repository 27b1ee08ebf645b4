/**
 * One connection to Redis that restores itself: dials, prepares, and after a loss dials again with jittered backoff.
 * While it is down, every use fails at once with UNAVAILABLE; nothing queues up.
 */

import type { Redis } from 'ioredis';
import { ManifeedError, messageOf, unavailable } from '../errors.ts';
import { type BackoffOptions, backoffMs } from '../lib/backoff.ts';
import type { Clock } from '../lib/clock.ts';
import { within } from '../lib/deadline.ts';
import type { Log } from '../lib/log.ts';
import type { Random } from '../lib/random.ts';
import type { Dial } from './target.ts';

interface RedisLinkOptions {
  /** What the connection is for, in logs: `commands` or `tail`. */
  readonly name: string;
  /** The address for messages, without credentials. */
  readonly address: string;
  readonly dial: Dial;
  /** For dialling and `prepare`, ms. ioredis's own timeout ends at TCP, which a stopped server's kernel accepts. */
  readonly connectTimeoutMs: number;
  readonly backoff: BackoffOptions;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Runs before the connection counts as up: loads scripts, subscribes. A rejection ends the connection. */
  readonly prepare: (client: Redis) => Promise<void>;
  readonly onUp: () => void;
  readonly onDown: () => void;
  /** An attempt failed; the next one follows by itself. */
  readonly onFailure: (error: unknown) => void;
}

/** A connection that lasted less is not a success: the backoff continues where it was. */
const steadyAfterMs = 1_000;

/** See the head of this file. */
export class RedisLink {
  readonly #options: RedisLinkOptions;
  readonly #stop = new AbortController();
  #client: Redis | null = null;
  #reason = 'not connected yet';
  #refused: ManifeedError | null = null;
  #running: Promise<void> | null = null;

  constructor(options: RedisLinkOptions) {
    this.#options = options;
  }

  get isUp(): boolean {
    return this.#client !== null;
  }

  /** Dials, and dials again after each loss, until `close`. */
  start(): void {
    this.#running ??= this.#run();
  }

  /**
   * Runs commands on the connection.
   *
   * @param action what fails, for the error's message
   * @throws UNAVAILABLE while the link is down, or if a command fails or is not answered in time (it may have been
   *   run)
   */
  async use<T>(action: string, run: (client: Redis) => Promise<T>): Promise<T> {
    const client = this.#client;
    if (client === null) {
      const why = this.#stop.signal.aborted ? 'the ledger is closed' : this.#reason;
      throw this.#refused ?? unavailable(`${action}: cannot reach Redis (${why})`);
    }
    try {
      return await run(client);
    } catch (error) {
      if (endsConnection(error)) this.fault(client, messageOf(error));
      if (error instanceof ManifeedError) throw error;
      const why = endsConnection(error) ? 'lost the connection to Redis' : 'Redis refused it';
      throw unavailable(`${action}: ${why} (${messageOf(error)})`, error);
    }
  }

  /** Ends a connection that no longer answers properly; the link dials again. */
  fault(client: Redis, reason: string): void {
    if (client !== this.#client) return;
    this.#lose(reason);
    client.disconnect();
  }

  renew(reason: string): void {
    if (this.#client !== null) this.fault(this.#client, reason);
  }

  /** Idempotent. Commands under way are rejected. */
  async close(): Promise<void> {
    this.#stop.abort();
    this.#client?.disconnect();
    await this.#running;
  }

  /** ioredis parses any answer as Redis' protocol, and then complains about the first byte. */
  #explain(error: unknown): string {
    const message = messageOf(error);
    const isOther = /^(?:Unknown RESP type|Protocol error)/.test(message);
    return isOther ? `what answers at ${this.#options.address} is not Redis` : message;
  }

  async #run(): Promise<void> {
    const { clock, random, backoff, name, log, onFailure } = this.#options;
    const { signal } = this.#stop;
    let failures = 0;
    while (!signal.aborted) {
      let upAt = Infinity;
      try {
        const { client, ended } = await this.#connect();
        upAt = clock.monotonic();
        await ended;
        client.disconnect();
      } catch (error) {
        // ioredis says only "closed" here; its error event gave the reason.
        if (!/^Connection is closed/.test(messageOf(error))) this.#reason = this.#explain(error);
        this.#refused = error instanceof ManifeedError ? error : null;
        if (signal.aborted) return;
        log.warn({ connection: name, reason: this.#reason }, 'connect to Redis: failed, trying again');
        onFailure(error instanceof ManifeedError ? error : new Error(this.#reason));
      }
      if (signal.aborted) return;
      failures = clock.monotonic() - upAt >= steadyAfterMs ? 0 : failures + 1;
      await clock.sleep(backoffMs(failures, backoff, random), signal);
    }
  }

  async #connect(): Promise<{ client: Redis; ended: Promise<void> }> {
    const { dial, prepare, connectTimeoutMs, clock, onUp } = this.#options;
    const made: { client: Redis | null; late: boolean } = { client: null, late: false };
    const connect = async () => {
      const client = await dial();
      made.client = client;
      client.on('error', (error: unknown) => {
        this.#reason = this.#explain(error);
      });
      const ended = new Promise<void>((resolve) => client.once('end', () => resolve()));
      if (made.late) throw new Error(`no answer in ${connectTimeoutMs} ms`);
      await client.connect();
      await prepare(client);
      return { client, ended };
    };
    try {
      const deadline = { clock, timeoutMs: connectTimeoutMs, signal: this.#stop.signal };
      const connection = await within(deadline, connect, (why) => {
        throw new Error(why === 'timeout' ? `no answer in ${connectTimeoutMs} ms` : 'closed');
      });
      this.#client = connection.client;
      this.#refused = null;
      // Unless an error says more.
      this.#reason = 'Redis or the network closed it';
      onUp();
      return { client: connection.client, ended: connection.ended.then(() => this.#lose(this.#reason)) };
    } catch (error) {
      made.late = true;
      made.client?.disconnect();
      throw error;
    }
  }

  #lose(reason: string): void {
    if (this.#client === null) return;
    this.#client = null;
    this.#reason = reason;
    if (!this.#stop.signal.aborted)
      this.#options.log.warn({ connection: this.#options.name, reason }, 'use Redis: the connection ended');
    this.#options.onDown();
  }
}

/** Whether the connection is useless: unanswered, closed, or to a server that is not the primary of our slot. */
function endsConnection(error: unknown): boolean {
  return /^(?:Command timed out|Connection is closed|Stream isn't writeable|READONLY|MOVED|CLUSTERDOWN|LOADING|MASTERDOWN|UNKILLABLE|NOAUTH)/.test(
    messageOf(error),
  );
}
