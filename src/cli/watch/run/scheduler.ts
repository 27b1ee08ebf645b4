/** Which change is worked on when: in order per tag, several tags at once, and no more waiting than a bound. */
import { type Item, keyOf } from '../item.ts';

/** Most changes that wait here. Then nothing is read: the gateway's ledger is the queue. */
export const maxWaiting = 1_000;

export interface SchedulerOptions {
  /** Most runs at once, of different tags. */
  readonly parallel: number;
  /** `latest`: of the changes of a tag that wait, only the newest runs. */
  readonly onBusy: 'queue' | 'latest';
  /** Works on one. Resolves to whether it counts as done. Never rejects. */
  readonly run: (item: Item) => Promise<boolean>;
}

interface Waiting {
  readonly key: string;
  readonly item: Item;
  readonly done: () => void;
}

export class Scheduler {
  readonly #options: SchedulerOptions;
  #waiting: Waiting[] = [];
  readonly #running = new Set<string>();
  #onProgress: (() => void)[] = [];

  constructor(options: SchedulerOptions) {
    this.#options = options;
  }

  /**
   * Takes an item. Resolves when the next one may come.
   *
   * @param done called when it was worked on, or a newer one took its place
   */
  async take(item: Item, done: () => void): Promise<void> {
    const key = keyOf(item);
    if (this.#options.onBusy === 'latest') this.#drop(key);
    this.#waiting.push({ key, item, done });
    this.#start();
    while (this.#isFull) await this.#step();
  }

  /** Begins nothing more. Those that wait are not done. */
  stop(): void {
    this.#waiting = [];
    this.#tell();
  }

  /** Resolves when nothing runs and nothing waits. */
  async idle(): Promise<void> {
    while (this.#running.size > 0 || this.#waiting.length > 0) await this.#step();
  }

  /** With one at a time nothing needs to wait here, except to be replaced. */
  get #isFull(): boolean {
    const { parallel, onBusy } = this.#options;
    return this.#waiting.length >= (parallel === 1 && onBusy === 'queue' ? 1 : maxWaiting);
  }

  #drop(key: string): void {
    const older = this.#waiting.findIndex((each) => each.key === key);
    if (older === -1) return;
    const [dropped] = this.#waiting.splice(older, 1);
    // The newer one waits behind it in the order of positions, so this one may count as done.
    dropped?.done();
  }

  #start(): void {
    while (this.#running.size < this.#options.parallel) {
      const next = this.#waiting.findIndex(({ key }) => !this.#running.has(key));
      const [found] = next === -1 ? [] : this.#waiting.splice(next, 1);
      if (found === undefined) return;
      this.#running.add(found.key);
      void this.#options.run(found.item).then((isDone) => {
        this.#running.delete(found.key);
        if (isDone) found.done();
        this.#start();
        this.#tell();
      });
    }
  }

  #step(): Promise<void> {
    return new Promise((resolve) => this.#onProgress.push(resolve));
  }

  #tell(): void {
    const told = this.#onProgress;
    this.#onProgress = [];
    for (const resolve of told) resolve();
  }
}
