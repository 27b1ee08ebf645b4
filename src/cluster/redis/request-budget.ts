import { asList, asNumber } from '../../ledger/redis/codec.ts';
import type { RedisStore } from '../../ledger/redis/store.ts';

/**
 * The request budget of a registry that all gateways share; the shape of source/poll/budget.ts, which a ledger may
 * not import.
 */
export class RedisBudget {
  readonly #store: RedisStore;
  readonly #budget: string;
  readonly #requestsPerSecond: number;

  /** @param requestsPerSecond > 0, by all gateways together */
  constructor(store: RedisStore, budget: string, requestsPerSecond: number) {
    this.#store = store;
    this.#budget = budget;
    this.#requestsPerSecond = requestsPerSecond;
  }

  async take(wanted: number): Promise<{ granted: number; retryInMs: number }> {
    const [granted, retryInMs] = asList(await this.#run('take', { wanted })).map(asNumber);
    return { granted: granted ?? 0, retryInMs: granted === wanted ? 0 : (retryInMs ?? 1) };
  }

  async pause(forMs: number): Promise<void> {
    await this.#run('pause', { forMs });
  }

  async slow(requestsPerSecond: number, forMs: number): Promise<void> {
    await this.#run('slow', { slowRate: requestsPerSecond, forMs });
  }

  async state(): Promise<{ requestsPerSecond: number; pausedForMs: number }> {
    const [requestsPerSecond, pausedForMs] = asList(await this.#run('state', {})).map(asNumber);
    return { requestsPerSecond: requestsPerSecond ?? 0, pausedForMs: pausedForMs ?? 0 };
  }

  #run(op: string, call: Readonly<Record<string, unknown>>): Promise<unknown> {
    const budget = { budget: this.#budget, rate: this.#requestsPerSecond };
    return this.#store.run('budget', 'use the request budget', { ...budget, op, ...call });
  }
}
