/**
 * A subscriber that follows the protocol and holds the gateway to it: whatever it is told, in whatever order, must
 * fit what it was told before. It subscribes to everything, so the positions it gets must be dense.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../../../src/lib/random.ts';
import type { Transport } from '../../support/follower.ts';
import type { WireChange } from '../../support/stream-client.ts';
import type { ChaosRecord } from './record.ts';
import {
  type OpenStream,
  openLongPollStream,
  openSseStream,
  openWebSocketStream,
  type StreamListener,
} from './streams.ts';

const roads: Readonly<Record<Transport, OpenStream>> = {
  sse: openSseStream,
  websocket: openWebSocketStream,
  'long-poll': openLongPollStream,
};

/** Violations kept; the first ones tell most. */
const maxViolations = 5;
const retryMs = 300;

export interface SubscriberOptions {
  readonly name: string;
  readonly transport: Transport;
  readonly port: number;
  readonly random: Random;
  /** The number of a push by the digest it pushed; undefined: of no push of ours. */
  readonly pushOf: (digest: string) => number | undefined;
  /** Shared by all subscribers. */
  readonly record: ChaosRecord;
}

export class ChaosSubscriber implements StreamListener {
  readonly name: string;
  readonly violations: string[] = [];
  /** Numbers of the pushes it saw. */
  readonly saw = new Set<number>();
  resets = 0;
  /** The last time that it was told that something may be missing. */
  lastReset = { atMs: 0, sequence: 0 };
  connections = 0;
  changes = 0;
  repeats = 0;
  readonly #options: SubscriberOptions;
  #epoch: string | null = null;
  /** Up to here everything of this epoch has come; beyond, what `#ahead` holds. */
  #dense = 0;
  readonly #ahead = new Set<number>();
  readonly #lastOfTag = new Map<string, number>();
  #resume: string | null = null;
  #end: () => void = () => {};
  #stopped = false;

  constructor(options: SubscriberOptions) {
    this.name = options.name;
    this.#options = options;
    this.#connect();
  }

  /** `<epoch>-<sequence>`: all up to there has come, and nothing beyond; null while that is not so. */
  get standsAt(): string | null {
    return this.#epoch === null || this.#ahead.size > 0 ? null : `${this.#epoch}-${this.#dense}`;
  }

  change(change: WireChange, resume: string | null): void {
    this.changes++;
    const { epoch, sequence } = split(change.position);
    if (epoch !== this.#epoch) return this.#complain(`change ${change.position} of another epoch`);
    const differs = this.#options.record.see(change);
    if (differs !== null) this.#complain(differs);
    const push = change.digest === null ? undefined : this.#options.pushOf(change.digest);
    if (push !== undefined) this.saw.add(push);
    if (sequence <= this.#dense || this.#ahead.has(sequence)) this.repeats++;
    else this.#take(change, sequence);
    if (resume !== null) this.resume(resume);
  }

  #take(change: WireChange, sequence: number): void {
    const tag = `${change.registry}/${change.repository}:${change.tag}`;
    const last = this.#lastOfTag.get(tag) ?? 0;
    if (sequence < last) this.#complain(`${tag}: change ${sequence} after ${last}`);
    this.#lastOfTag.set(tag, sequence);
    this.#ahead.add(sequence);
    while (this.#ahead.delete(this.#dense + 1)) this.#dense++;
  }

  resume(position: string): void {
    const { epoch, sequence } = split(position);
    if (this.#epoch === null) this.#startAt(epoch, sequence);
    if (epoch !== this.#epoch) return this.#complain(`resume ${position} of another epoch`);
    if (sequence > this.#dense) this.#complain(`resume ${position} passes what has not come`);
    this.#resume = position;
  }

  reset(position: string, _reason: string): void {
    const { epoch, sequence } = split(position);
    this.resets++;
    this.lastReset = { atMs: performance.now(), sequence };
    this.#startAt(epoch, sequence);
    this.#resume = position;
  }

  over(): void {
    void sleep(retryMs * this.#options.random()).then(() => this.#connect());
  }

  stop(): void {
    this.#stopped = true;
    this.#end();
  }

  #connect(): void {
    if (this.#stopped) return;
    this.connections++;
    this.#end = roads[this.#options.transport](this.#options.port, this.#resume, this);
  }

  #startAt(epoch: string, sequence: number): void {
    this.#epoch = epoch;
    this.#dense = sequence;
    this.#ahead.clear();
    this.#lastOfTag.clear();
  }

  #complain(what: string): void {
    if (this.violations.length >= maxViolations) return;
    const at = `${this.#epoch}-${this.#dense}, ${this.#ahead.size} ahead, ${this.resets} resets`;
    this.violations.push(`${this.name} at ${at}: ${what}`);
  }
}

function split(position: string): { epoch: string; sequence: number } {
  const [epoch = '', sequence = ''] = position.split('-');
  return { epoch, sequence: Number(sequence) };
}
