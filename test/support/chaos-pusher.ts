/** A steady stream of pushes: each delivery is repeated until a gateway acknowledges it, as registries do. */
import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { digest } from './gateway.ts';

export interface PusherOptions {
  readonly port: number;
  readonly lanes: number;
  /** ms between two pushes of one lane */
  readonly everyMs: number;
}

export interface Push {
  readonly number: number;
  readonly tag: string;
  readonly digest: string;
  /** When the 2xx came, monotonic ms; null: not yet. */
  acknowledgedAt: number | null;
}

const tagsPerLane = 2;
const retryMs = 50;
const answerTimeoutMs = 4_000;
export const pushedRepository = 'r.test/chaos/app';

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
    this.#running = Promise.all(Array.from({ length: this.#options.lanes }, (_, lane) => this.#run(lane)));
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
    return this.pushes.filter(({ acknowledgedAt }) => acknowledgedAt !== null);
  }

  async #run(lane: number): Promise<void> {
    for (let round = 0; !this.#stopped; round++) {
      await this.#push(`lane${lane}-${round % tagsPerLane}`);
      await sleep(this.#options.everyMs);
    }
  }

  async #push(tag: string): Promise<void> {
    const number = this.pushes.length;
    const push: Push = { number, tag, digest: digest(`push ${number}`), acknowledgedAt: null };
    this.pushes.push(push);
    this.#byDigest.set(push.digest, number);
    // Said once, and said again at each retry: a later push of this tag must be newer, whoever hears it when.
    const occurredAt = new Date().toISOString();
    const entry = { reference: `${pushedRepository}:${tag}`, digest: push.digest, occurredAt };
    while (!this.#gaveUp && !(await this.#isAcknowledged(JSON.stringify([entry])))) {
      this.retries++;
      await sleep(retryMs);
    }
    if (!this.#gaveUp) push.acknowledgedAt = performance.now();
  }

  #isAcknowledged(body: string): Promise<boolean> {
    return new Promise((resolve) => {
      const headers = { 'content-type': 'application/json', 'content-length': body.length };
      const path = '/v1/hooks/publish';
      const asked = request(
        { agent: false, host: '127.0.0.1', port: this.#options.port, method: 'POST', path, headers },
        (answer) => {
          answer.resume();
          answer.on('error', () => resolve(false));
          answer.on('end', () => resolve(answer.statusCode === 202));
        },
      );
      asked.setTimeout(answerTimeoutMs, () => asked.destroy());
      asked.on('error', () => resolve(false));
      asked.on('close', () => resolve(false));
      asked.end(body);
    });
  }
}
