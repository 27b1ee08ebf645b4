import { compileGlob } from '../../event/glob.ts';
import { BoundedMap } from '../../lib/bounded-map.ts';
import { asCount, asList, asText } from '../../redis/reply.ts';
import type { PresentCounts } from '../cluster.ts';
import { encodeCounts } from './presence-payload.ts';
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

/** What one gateway last published. */
interface Said {
  readonly version: number;
  readonly exact: ReadonlyMap<string, number>;
  readonly globs: readonly { readonly matches: (key: string) => boolean; readonly count: number }[];
  /** Average subscribers of a key that was not sent. */
  readonly elsewhere: number;
  /** Cached sums by key: each change of a repository asks for one, and there may be thousands of globs. */
  readonly sums: BoundedMap<string, number>;
}

const maxSums = 10_000;

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
  #others = new Map<string, Said>();
  #payload = encodeCounts(new Map(), 1);
  #version = 1;
  #isSent = false;
  #sent: PromiseWithResolvers<void> | null = null;

  constructor(options: RedisPresenceOptions) {
    this.#options = { heartbeatMs: 1_000, ttlMs: 5_000, maxKeys: 2_000, ...options };
    this.nodeId = options.node;
    this.#beating = this.#beat();
  }

  /** Sets the counts to send, by repository key or glob. Resolves with the next heartbeat that reaches Redis. */
  publish(counts: ReadonlyMap<string, number>): Promise<void> {
    const payload = encodeCounts(counts, this.#options.maxKeys);
    if (this.#stop.signal.aborted || (payload === this.#payload && this.#isSent)) return Promise.resolve();
    if (payload !== this.#payload) {
      this.#payload = payload;
      this.#version += 1;
      this.#isSent = false;
    }
    this.#sent ??= Promise.withResolvers<void>();
    return this.#sent.promise;
  }

  counts(key: string, own: number): PresentCounts {
    const names = [...this.#others.keys(), this.nodeId].sort();
    const counts = names.map((name) => {
      const said = this.#others.get(name);
      return said === undefined ? own : said.sums.getOrMake(key, () => sumOf(said, key));
    });
    return { node: names.indexOf(this.nodeId), counts };
  }

  /** Idempotent. Says goodbye, so that the others need not wait for the name to expire. */
  async close(): Promise<void> {
    if (this.#stop.signal.aborted) return await this.#beating;
    this.#stop.abort();
    await this.#beating;
    this.#sent?.resolve();
    // If Redis is away too, the name expires.
    await this.#tell(0, null).catch(() => {});
  }

  async #beat(): Promise<void> {
    const { clock, random, heartbeatMs, log, ttlMs } = this.#options;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        const version = this.#version;
        const isWantedAgain = this.#hear(await this.#tell(ttlMs, this.#isSent ? null : this.#payload));
        this.#isSent = version === this.#version && !isWantedAgain;
        if (this.#isSent) {
          this.#sent?.resolve();
          this.#sent = null;
        }
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

  /** @returns whether Redis lost our payload */
  #hear(reply: unknown): boolean {
    const [isWantedAgain, ...rows] = asList(reply).map(asText);
    const others = new Map<string, Said>();
    for (let i = 0; i + 2 < rows.length; i += 3) {
      const [name = '', version = '', payload = ''] = rows.slice(i, i + 3);
      if (name === this.nodeId) continue;
      const known = this.#others.get(name);
      const said = payload === '' ? known : decode(payload, version);
      if (said === null) this.#options.damage.found('presence', payload);
      else if (said !== undefined) others.set(name, said);
    }
    this.#others = others;
    return isWantedAgain === '1';
  }
}

function sumOf({ exact, globs, elsewhere }: Said, key: string): number {
  let sum = exact.get(key) ?? elsewhere;
  for (const { matches, count } of globs) if (matches(key)) sum += count;
  return sum;
}

/** Null if `encodeCounts` did not make it. */
function decode(payload: string, version: string): Said | null {
  try {
    const [exact, globs, elsewhere] = asList(JSON.parse(payload));
    return {
      version: asCount(version),
      exact: new Map(asList(exact).map(readCount)),
      globs: asList(globs)
        .map(readCount)
        .map(([pattern, count]) => ({ matches: compileGlob(pattern), count })),
      elsewhere: asCount(elsewhere),
      sums: new BoundedMap(maxSums),
    };
  } catch {
    return null;
  }
}

function readCount(row: unknown): readonly [string, number] {
  const [key, count] = asList(row);
  return [asText(key), asCount(count)];
}
