import type { RequestBudget } from '../cluster/cluster.ts';
import type { Clock } from '../lib/clock.ts';
import { UpstreamError } from './upstream-error.ts';

interface Waiter {
  readonly pass: () => void;
  readonly refuse: (error: Error) => void;
  readonly signal: AbortSignal | undefined;
}

/** Urgent requests (webhook completions) that may wait; more are refused, and their sender tries again. */
const maxUrgent = 1_000;

/**
 * Lets requests to one registry through. A request first gets one of the `concurrency` places, then a unit of the
 * budget: in the other order, counted requests could pile up and go out in a burst. Urgent requests go first,
 * then order of arrival counts. Each look sends one request at a time, which bounds the plain queue.
 */
export class Gate {
  readonly #budget: RequestBudget;
  readonly #clock: Clock;
  readonly #concurrency: number;
  readonly #plain: Waiter[] = [];
  readonly #urgent: Waiter[] = [];
  readonly #closing = new AbortController();
  #underWay = 0;
  #pumping = false;
  #blockedUntil = 0;

  constructor(budget: RequestBudget, concurrency: number, clock: Clock) {
    this.#budget = budget;
    this.#concurrency = concurrency;
    this.#clock = clock;
  }

  get waiting(): number {
    return this.#plain.length + this.#urgent.length;
  }

  /** How long the budget will grant nothing, ms, as far as is known. */
  get blockedForMs(): number {
    return Math.max(0, this.#blockedUntil - this.#clock.monotonic());
  }

  /**
   * Resolves when a request may go out; the caller calls `leave` when it has ended.
   *
   * @param signal an aborted waiter is skipped, and rejects when its turn comes
   */
  enter(urgent: boolean, signal?: AbortSignal): Promise<void> {
    if (this.#closing.signal.aborted) return Promise.reject(closedError());
    if (urgent && this.#urgent.length >= maxUrgent) {
      return Promise.reject(
        new UpstreamError('refused', `queue request: ${maxUrgent} urgent ones wait: must be fewer`),
      );
    }
    return new Promise((pass, refuse) => {
      (urgent ? this.#urgent : this.#plain).push({ pass, refuse, signal });
      void this.#pump();
    });
  }

  leave(): void {
    this.#underWay -= 1;
    void this.#pump();
  }

  /** Rejects all waiters. Idempotent. */
  close(): void {
    this.#closing.abort();
    this.#refuseAll(closedError());
  }

  #refuseAll(error: Error): void {
    for (const waiter of [...this.#urgent.splice(0), ...this.#plain.splice(0)]) waiter.refuse(error);
  }

  /** Runs once at a time: that keeps the order, and a shared budget is asked once for all waiters. */
  async #pump(): Promise<void> {
    if (this.#pumping) return;
    this.#pumping = true;
    try {
      for (;;) {
        const wanted = Math.min(this.waiting, this.#concurrency - this.#underWay);
        if (wanted <= 0 || this.#closing.signal.aborted) return;
        const { granted, retryInMs } = await this.#budget.take(wanted);
        for (let n = 0; n < granted; n += 1) this.#admit();
        if (granted === wanted) continue;
        this.#blockedUntil = this.#clock.monotonic() + retryInMs;
        await this.#clock.sleep(retryInMs, this.#closing.signal);
      }
    } catch (error) {
      // The shared budget cannot be reached: nothing goes out, and the looks fail and are repeated.
      this.#refuseAll(
        new UpstreamError('refused', 'take from the request budget: it cannot be asked', error),
      );
    } finally {
      this.#pumping = false;
    }
  }

  #admit(): void {
    for (;;) {
      const waiter = this.#urgent.shift() ?? this.#plain.shift();
      if (waiter === undefined) return;
      if (waiter.signal?.aborted === true) {
        waiter.refuse(new UpstreamError('closed', 'send request: its sender waits no more'));
        continue;
      }
      this.#underWay += 1;
      waiter.pass();
      return;
    }
  }
}

function closedError(): UpstreamError {
  return new UpstreamError('closed', 'send request: the poller is closed');
}
