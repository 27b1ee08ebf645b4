import type { Clock } from '../../src/lib/clock.ts';

interface Timer {
  readonly dueAt: number;
  readonly order: number;
  run: (() => void) | null;
}

/**
 * Time that runs as fast as the machine can. Each timer runs at its own time, and everything that follows from
 * one is done before the next. Unlike `fakeClock` it lets promises settle in between.
 */
export class VirtualClock implements Clock {
  #now = 0;
  #order = 0;
  readonly #heap: Timer[] = [];
  readonly startAt = Date.UTC(2026, 0, 1);

  now(): number {
    return this.startAt + this.#now;
  }

  monotonic(): number {
    return this.#now;
  }

  after(delayMs: number, run: () => void): () => void {
    const timer: Timer = { dueAt: this.#now + Math.max(0, delayMs), order: this.#order++, run };
    this.#push(timer);
    return () => {
      timer.run = null;
    };
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted === true) return resolve();
      const done = () => {
        cancel();
        signal?.removeEventListener('abort', done);
        resolve();
      };
      const cancel = this.after(delayMs, done);
      signal?.addEventListener('abort', done, { once: true });
    });
  }

  /** `untilMs` is monotonic. */
  async run(untilMs: number): Promise<void> {
    await settle();
    for (;;) {
      const timer = this.#heap[0];
      if (timer === undefined || timer.dueAt > untilMs) break;
      this.#pop();
      if (timer.run === null) continue;
      this.#now = Math.max(this.#now, timer.dueAt);
      timer.run();
      await settle();
    }
    this.#now = untilMs;
  }

  #before(a: Timer | undefined, b: Timer | undefined): boolean {
    if (a === undefined || b === undefined) return false;
    return a.dueAt < b.dueAt || (a.dueAt === b.dueAt && a.order < b.order);
  }

  #swap(a: number, b: number): void {
    const [one, other] = [this.#heap[a], this.#heap[b]];
    if (one === undefined || other === undefined) return;
    this.#heap[a] = other;
    this.#heap[b] = one;
  }

  #push(timer: Timer): void {
    let at = this.#heap.push(timer) - 1;
    while (at > 0 && this.#before(timer, this.#heap[(at - 1) >> 1])) {
      this.#swap(at, (at - 1) >> 1);
      at = (at - 1) >> 1;
    }
  }

  #pop(): void {
    this.#swap(0, this.#heap.length - 1);
    this.#heap.pop();
    for (let at = 0; ; ) {
      let least = at;
      for (const child of [2 * at + 1, 2 * at + 2]) {
        if (this.#before(this.#heap[child], this.#heap[least])) least = child;
      }
      if (least === at) return;
      this.#swap(at, least);
      at = least;
    }
  }
}

/** All promise callbacks run before the next macrotask. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Repeatable uniform numbers in [0, 1) (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
