import { asList, asNumber } from '../../redis/reply.ts';
import type { BudgetState, Granted, RequestBudget } from '../request-budget.ts';
import type { ClusterScripts } from './scripts.ts';

/** A budget that all gateways on the same Redis share. */
export class RedisBudget implements RequestBudget {
  readonly #scripts: ClusterScripts;
  readonly #budget: string;
  readonly #requestsPerSecond: number;

  /** @param requestsPerSecond > 0, by all gateways together */
  constructor(scripts: ClusterScripts, budget: string, requestsPerSecond: number) {
    this.#scripts = scripts;
    this.#budget = budget;
    this.#requestsPerSecond = requestsPerSecond;
  }

  async take(wanted: number): Promise<Granted> {
    const [granted, retryInMs] = asList(await this.#run('take', { wanted })).map(asNumber);
    return { granted: granted ?? 0, retryInMs: granted === wanted ? 0 : (retryInMs ?? 1) };
  }

  async pause(forMs: number): Promise<void> {
    await this.#run('pause', { forMs });
  }

  async slow(requestsPerSecond: number, forMs: number): Promise<void> {
    await this.#run('slow', { slowRate: requestsPerSecond, forMs });
  }

  async state(): Promise<BudgetState> {
    const [requestsPerSecond, pausedForMs] = asList(await this.#run('state', {})).map(asNumber);
    return { requestsPerSecond: requestsPerSecond ?? 0, pausedForMs: pausedForMs ?? 0 };
  }

  #run(op: string, call: Readonly<Record<string, unknown>>): Promise<unknown> {
    const budget = { budget: this.#budget, rate: this.#requestsPerSecond };
    return this.#scripts.run('budget', 'use the request budget', { ...budget, op, ...call });
  }
}
