import { ManifeedError } from '../errors.ts';

/** How calls become groups, and how much may wait. */
export interface GroupCommitOptions<Call, Result> {
  readonly action: string;
  /** Commits one group. Resolves to one result for each call, in order; rejects for all of them. */
  readonly commit: (calls: readonly Gathered<Call>[]) => Promise<readonly Result[]>;
  /** The size of a call, ≥ 0, which counts against the limits. */
  readonly sizeOf: (call: Call) => number;
  /** Most that may wait, by size; further calls are refused. A larger call is accepted while nothing waits. */
  readonly maxWaiting: number;
  /** Most in a group, both by size and in calls. A larger call is a group by itself. */
  readonly maxGroup: number;
  /** Groups under way at the same time. Default 1. */
  readonly maxInFlight?: number;
  /** Defers the start of a group while idle, so that calls of the same moment join it. Default `queueMicrotask`. */
  readonly gather?: (start: () => void) => unknown;
  /** Monotonic ms. Default `performance.now`. */
  readonly monotonic?: () => number;
}

/** A call, and since when it waits, monotonic ms. */
export interface Gathered<Call> {
  readonly call: Call;
  readonly since: number;
}

interface Waiting<Call, Result> extends Gathered<Call> {
  readonly size: number;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/** Puts calls made at the same time into one group. A lone call waits for no other, and groups grow under load. */
export class GroupCommit<Call, Result> {
  readonly #options: Required<GroupCommitOptions<Call, Result>>;
  readonly #calls: Waiting<Call, Result>[] = [];
  #waiting = 0;
  #inFlight = 0;
  #isGathering = false;
  #idle: PromiseWithResolvers<void> | null = null;

  constructor(options: GroupCommitOptions<Call, Result>) {
    this.#options = {
      maxInFlight: 1,
      gather: queueMicrotask,
      monotonic: () => performance.now(),
      ...options,
    };
  }

  /** By size. */
  get waiting(): number {
    return this.#waiting;
  }

  /** @throws UNAVAILABLE if too much waits, and whatever `commit` rejects with */
  add(call: Call): Promise<Result> {
    const { action, sizeOf, maxWaiting, monotonic } = this.#options;
    const size = sizeOf(call);
    if (this.#waiting + size > maxWaiting && this.#calls.length > 0) {
      const state = `${this.#waiting} wait and ${size} more came`;
      const message = `${action}: ${state}: must be at most ${maxWaiting}`;
      return Promise.reject(new ManifeedError('UNAVAILABLE', message));
    }
    return new Promise((resolve, reject) => {
      this.#calls.push({ call, since: monotonic(), size, resolve, reject });
      this.#waiting += size;
      this.#gather(this.#options.gather);
    });
  }

  async drain(): Promise<void> {
    if (this.#inFlight === 0 && this.#calls.length === 0) return;
    this.#idle ??= Promise.withResolvers();
    await this.#idle.promise;
  }

  #gather(gather: (start: () => void) => unknown): void {
    if (this.#isGathering || this.#inFlight >= this.#options.maxInFlight) return;
    this.#isGathering = true;
    gather(() => {
      this.#isGathering = false;
      while (this.#calls.length > 0 && this.#inFlight < this.#options.maxInFlight) void this.#commitGroup();
    });
  }

  async #commitGroup(): Promise<void> {
    const group = this.#take();
    this.#inFlight += 1;
    try {
      const results = await this.#options.commit(group);
      group.forEach(({ resolve, reject }, i) => {
        const result = results[i];
        if (result !== undefined) resolve(result);
        else reject(new Error(`${this.#options.action}: a call has no result: must have one`));
      });
    } catch (error) {
      for (const { reject } of group) reject(error);
    }
    this.#inFlight -= 1;
    if (this.#calls.length > 0) this.#gather(queueMicrotask);
    else if (this.#inFlight === 0) this.#settleIdle();
  }

  #settleIdle(): void {
    this.#idle?.resolve();
    this.#idle = null;
  }

  #take(): Waiting<Call, Result>[] {
    const { maxGroup } = this.#options;
    let size = 0;
    let count = 0;
    for (const call of this.#calls) {
      if (count > 0 && (size + call.size > maxGroup || count === maxGroup)) break;
      size += call.size;
      count += 1;
    }
    this.#waiting -= size;
    return this.#calls.splice(0, count);
  }
}
