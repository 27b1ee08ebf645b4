/**
 * A steady stream of pushes: each delivery is repeated until a gateway acknowledges it, as registries do. Some
 * lanes have tags of their own, the others push to the same few tags.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { digest } from '../../support/gateway.ts';
import type { Attempt, HistoryPush } from '../../support/history-check.ts';
import { post } from './post.ts';
import { contenders, dated, type Sender } from './senders.ts';

export interface PusherOptions {
  readonly port: number;
  /** Lanes with tags of their own. */
  readonly lanes: number;
  /** ms between two pushes of one lane */
  readonly everyMs: number;
}

export interface Push extends HistoryPush {
  readonly number: number;
  /** Whether other lanes push to its tag. */
  readonly isContended: boolean;
  readonly attempts: Attempt[];
}

const tagsPerLane = 2;
const contendedTags = 3;
const retryMs = 50;

/** When the 2xx came, monotonic ms; null: not yet. */
export const acknowledgedAt = ({ attempts }: Push): number | null => attempts.at(-1)?.acknowledgedAt ?? null;

export class ChaosPusher {
  readonly pushes: Push[] = [];
  /** Deliveries that were not acknowledged at once. */
  retries = 0;
  readonly #options: PusherOptions;
  readonly #byDigest = new Map<string, number>();
  #running: Promise<unknown> = Promise.resolve();
  #stopped = false;
  #gaveUp = false;

  constructor(options: PusherOptions) {
    this.#options = options;
  }

  readonly pushOf = (pushed: string): number | undefined => this.#byDigest.get(pushed);

  start(): void {
    this.#stopped = false;
    this.#running = Promise.all([
      ...Array.from({ length: this.#options.lanes }, (_, lane) =>
        this.#run(dated, (round) => `lane${lane}-${round % tagsPerLane}`, false),
      ),
      ...contenders.map((sender) => this.#run(sender, (round) => `shared-${round % contendedTags}`, true)),
    ]);
  }

  /** No new pushes; resolves when those under way are acknowledged. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  /** Ends everything, acknowledged or not. */
  async abandon(): Promise<void> {
    this.#gaveUp = true;
    await this.stop();
  }

  get acknowledged(): readonly Push[] {
    return this.pushes.filter((push) => acknowledgedAt(push) !== null);
  }

  async #run(sender: Sender, tagOf: (round: number) => string, isContended: boolean): Promise<void> {
    for (let round = 0; !this.#stopped; round++) {
      await this.#push(sender, tagOf(round), isContended);
      await sleep(this.#options.everyMs);
    }
  }

  async #push(sender: Sender, tag: string, isContended: boolean): Promise<void> {
    const number = this.pushes.length;
    const pushed = digest(`push ${number}`);
    // Said once, and said again at each retry: a later push of this sender is newer, whoever hears it when.
    const { path, body, ...said } = sender(tag, pushed);
    const name = `push ${number} (${said.origin})`;
    const attempts: Attempt[] = [];
    this.pushes.push({ number, name, tag, digest: pushed, isContended, attempts, ...said });
    this.#byDigest.set(pushed, number);
    while (!this.#gaveUp) {
      const attempt: Attempt = { sentAt: performance.now(), acknowledgedAt: null };
      attempts.push(attempt);
      if (await post(this.#options.port, path, body)) {
        attempt.acknowledgedAt = performance.now();
        return;
      }
      this.retries++;
      await sleep(retryMs);
    }
  }
}
