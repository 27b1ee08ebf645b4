import { digest, publish } from '../../support/gateway.ts';
import { patienceMs } from '../../support/inbox.ts';
import { inTime } from '../../support/until.ts';

/** Pushes under way at the same time. */
const lanes = 4;
const tagsPerLane = 2;

/** A registry's notification queue: each delivery is repeated until it is acknowledged. */
export class Pusher {
  readonly acknowledged: { readonly tag: string; readonly round: number }[] = [];
  readonly #repository: string;
  #stopped = false;
  readonly #running: Promise<unknown>;
  #watch = () => {};

  /** Begins to push. @param repository `host/name` */
  constructor(port: number, repository: string) {
    this.#repository = repository;
    this.#running = Promise.all(Array.from({ length: lanes }, (_, lane) => this.#run(port, lane)));
  }

  /** Resolves when that many pushes are acknowledged. */
  untilAcknowledged(count: number): Promise<void> {
    const fact = new Promise<void>((resolve) => {
      this.#watch = () => {
        if (this.acknowledged.length >= count) resolve();
      };
      this.#watch();
    });
    return inTime(`${count} acknowledged pushes`, fact, 2 * patienceMs);
  }

  /** Resolves when the pushes under way are acknowledged. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  async #run(port: number, lane: number): Promise<void> {
    const startedAt = Date.now() - 3_600_000;
    for (let round = 0; !this.#stopped; round++) {
      const tag = `lane${lane}-${round % tagsPerLane}`;
      const occurredAt = new Date(startedAt + round).toISOString();
      const entry = {
        reference: `${this.#repository}:${tag}`,
        digest: digest(`${tag} ${round}`),
        occurredAt,
      };
      while (
        !(await publish(port, [entry]).then(
          () => true,
          () => false,
        ))
      ) {
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      this.acknowledged.push({ tag, round });
      this.#watch();
    }
  }
}
