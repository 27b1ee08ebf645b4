import { setImmediate as nextTurn } from 'node:timers/promises';
import { asList, asText } from '../../redis/reply.ts';
import type { PacedCounts, PresentCounts } from '../cluster.ts';
import { encodeCounts, ToldCounts } from './presence-payload.ts';
import type { ClusterParts } from './scripts.ts';

/** How often and how much a gateway tells; tests are quicker. */
export interface PresenceTuning {
  /** ms. Default 1,000. */
  readonly heartbeatMs?: number;
  /** A gateway silent for this long counts as gone, ms. Default 5,000. */
  readonly ttlMs?: number;
  /** Keys sent to the others, those with the most subscribers; of the rest only the average. Default 2,000. */
  readonly maxKeys?: number;
}

type RedisPresenceOptions = ClusterParts & PresenceTuning;

/** Steps of judging the others' globs for one change: about a millisecond. */
const stepsPerChange = 50_000;

/**
 * Tells the other gateways every second how many paced subscribers this one has for what. Each needs the counts to
 * know its share of a change's slots. Payloads are sent only when they changed. A count may be a second old, so the
 * pace is off by at most what changed in that second.
 */
export class RedisPresence {
  readonly nodeId: string;
  readonly #options: Required<RedisPresenceOptions>;
  readonly #stop = new AbortController();
  readonly #beating: Promise<void>;
  #others: ReadonlyMap<string, ToldCounts> = new Map();
  #payload = '[[],[],0]';
  #version = 1;
  #isSent = false;

  constructor(options: RedisPresenceOptions) {
    this.#options = { heartbeatMs: 1_000, ttlMs: 5_000, maxKeys: 2_000, ...options };
    this.nodeId = options.node;
    this.#beating = this.#beat();
  }

  /** Sets the counts to send with the next heartbeat. */
  async publish(counts: PacedCounts): Promise<void> {
    const payload = await encodeCounts(counts, this.#options.maxKeys);
    if (payload === this.#payload) return;
    this.#payload = payload;
    this.#version += 1;
    this.#isSent = false;
  }

  counts(key: string, own: number): PresentCounts {
    const names = [...this.#others.keys(), this.nodeId].sort();
    const work = { steps: 0, limit: stepsPerChange };
    const counts = names.map((name) => this.#others.get(name)?.of(key, work) ?? own);
    return { node: names.indexOf(this.nodeId), counts };
  }

  /** Idempotent. Says goodbye, so that the others need not wait for the name to expire. */
  async close(): Promise<void> {
    if (this.#stop.signal.aborted) return await this.#beating;
    this.#stop.abort();
    await this.#beating;
    // If Redis is away too, the name expires.
    await this.#tell(0, null).catch(() => {});
  }

  async #beat(): Promise<void> {
    const { clock, random, heartbeatMs, log, ttlMs } = this.#options;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        const version = this.#version;
        const reply = await this.#tell(ttlMs, this.#isSent ? null : this.#payload);
        const isWantedAgain = await this.#hear(reply);
        this.#isSent = version === this.#version && !isWantedAgain;
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        log.debug({ reason }, 'tell the other gateways the subscriber counts: failed');
      }
      // Jittered, so that gateways do not beat in step; never longer than a heartbeat.
      await clock.sleep(heartbeatMs * (0.8 + random() * 0.2), signal);
    }
  }

  #tell(ttlMs: number, payload: string | null): Promise<unknown> {
    const known = Object.fromEntries([...this.#others].map(([name, { version }]) => [name, version]));
    const call = { node: this.nodeId, ttlMs, version: this.#version, payload };
    return this.#options.scripts.run('presence', 'tell the subscriber counts', {
      ...call,
      known: { ...known, [this.nodeId]: this.#version },
    });
  }

  /** Reads one payload a turn: each may have thousands of keys. @returns whether Redis lost our payload */
  async #hear(reply: unknown): Promise<boolean> {
    const [isWantedAgain, ...rows] = asList(reply).map(asText);
    const others = new Map<string, ToldCounts>();
    for (let i = 0; i + 2 < rows.length; i += 3) {
      const [name = '', version = '', payload = ''] = rows.slice(i, i + 3);
      if (name === this.nodeId) continue;
      const told = payload === '' ? this.#others.get(name) : ToldCounts.read(payload, version);
      if (told === null) this.#options.damage.found('presence', payload);
      else if (told !== undefined) others.set(name, told);
      if (payload !== '') await nextTurn();
    }
    this.#others = others;
    return isWantedAgain === '1';
  }
}
