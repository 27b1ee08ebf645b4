import { randomId } from '../../lib/random-id.ts';
import type { RedisConnections } from '../../redis/connections.ts';
import { asList, asNumber } from '../../redis/reply.ts';
import type { Cluster, PacedCounts, PresentCounts, RequestBudget } from '../cluster.ts';
import { type PresenceTuning, RedisPresence } from './presence.ts';
import { RedisSchedule } from './schedule.ts';
import { type ClusterScripts, openClusterScripts } from './scripts.ts';

/** How often the counts are checked, ms. They are sent only when they changed. */
const tellEveryMs = 500;

/** Joins the other gateways on the same Redis, under a name that is new at each start. */
export async function openRedisCluster(
  redis: RedisConnections,
  tuning: PresenceTuning = {},
): Promise<RedisCluster> {
  return new RedisCluster(redis, await openClusterScripts(redis), tuning);
}

/** What gateways on the same Redis share. */
export class RedisCluster implements Cluster {
  readonly presence: RedisPresence;
  readonly #redis: RedisConnections;
  readonly #scripts: ClusterScripts;
  readonly #node: string;
  readonly #stop = new AbortController();
  #telling = Promise.resolve();

  constructor(redis: RedisConnections, scripts: ClusterScripts, tuning: PresenceTuning) {
    this.#redis = redis;
    this.#scripts = scripts;
    this.#node = randomId(redis.random);
    this.presence = new RedisPresence({ ...this.#shared(), ...tuning });
  }

  readonly countsOf = (key: string, own: number): PresentCounts => this.presence.counts(key, own);

  tell(counts: () => PacedCounts): void {
    this.#telling = this.#tell(counts);
  }

  readonly scheduleFor = (registry: string): RedisSchedule =>
    new RedisSchedule({ ...this.#shared(), registry });

  readonly budgetFor = (key: string, requestsPerSecond: number): RequestBudget =>
    redisBudget(this.#scripts, key, requestsPerSecond);

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#telling;
    await this.presence.close();
  }

  async #tell(counts: () => PacedCounts): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await this.presence.publish(counts());
      await this.#redis.clock.sleep(tellEveryMs, signal);
    }
  }

  #shared() {
    const { clock, random, log, damage } = this.#redis;
    return { scripts: this.#scripts, node: this.#node, clock, random, log, damage };
  }
}

/** A budget that all gateways on the same Redis share. @param rate > 0, requests/s by all gateways together */
function redisBudget(scripts: ClusterScripts, budget: string, rate: number): RequestBudget {
  const run = (op: string, call: Readonly<Record<string, unknown>>) =>
    scripts.run('budget', 'use the request budget', { budget, rate, op, ...call });
  return {
    async take(wanted) {
      const [granted, retryInMs] = asList(await run('take', { wanted })).map(asNumber);
      return { granted: granted ?? 0, retryInMs: granted === wanted ? 0 : (retryInMs ?? 1) };
    },
    async pause(forMs) {
      await run('pause', { forMs });
    },
    async slow(requestsPerSecond, forMs) {
      await run('slow', { slowRate: requestsPerSecond, forMs });
    },
  };
}
