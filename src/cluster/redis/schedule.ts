import { isStoredRepository } from '../../event/stored-repository.ts';
import { asList, asNumber, asText } from '../../redis/reply.ts';
import type { Claim, Schedule, Wanted } from '../cluster.ts';
import type { ClusterParts } from './scripts.ts';

interface RedisScheduleOptions extends ClusterParts {
  readonly registry: string;
  /** How often this gateway reports that it lives, ms. Default 10,000. */
  readonly beatEveryMs?: number;
  /** The wishes of a gateway silent for this long stop counting, ms. Default 40,000. */
  readonly nodeTtlMs?: number;
}

/** Repositories per `want` script, which then takes some 10 ms. */
const wantBatch = 500;
/** What Redis forgot is looked at again spread over this time, ms: all at once would overload the registry. */
const rewantWithinMs = 30_000;
const maxClaims = 200;

/** One gateway at a time looks at a repository. When it dies, its leases end, and a little later its wishes. */
export class RedisSchedule implements Schedule {
  readonly #options: Required<RedisScheduleOptions>;
  /** Scopes by repository, to send again if Redis forgot them, as after a failover or a long absence. */
  readonly #wanted = new Map<string, string>();
  readonly #stop = new AbortController();
  readonly #beating: Promise<void>;

  constructor(options: RedisScheduleOptions) {
    this.#options = { beatEveryMs: 10_000, nodeTtlMs: 40_000, ...options };
    this.#beating = this.#beat();
  }

  async want(wanted: readonly Wanted[]): Promise<void> {
    for (const { repository, scopes } of wanted) this.#wanted.set(repository, JSON.stringify(scopes));
    if (await this.#sendWanted(wanted, false)) await this.#wantAllAgain();
  }

  /** @returns whether Redis did not know this gateway any more, so that earlier wishes may be lost */
  async #sendWanted(
    looks: readonly { readonly repository: string; readonly inMs: number }[],
    onlyNew: boolean,
  ): Promise<boolean> {
    let wasForgotten = false;
    for (let from = 0; from < looks.length; from += wantBatch) {
      const wanted = looks
        .slice(from, from + wantBatch)
        .map(({ repository, inMs }) => [
          repository,
          this.#wanted.get(repository) ?? '[]',
          Number.isFinite(inMs) ? inMs : null,
        ]);
      const reply = await this.#run('want', { wanted, onlyNew });
      wasForgotten ||= reply === 1;
    }
    return wasForgotten;
  }

  async #wantAllAgain(): Promise<void> {
    const { random } = this.#options;
    const repositories = [...this.#wanted.keys()];
    await this.#sendWanted(
      repositories.map((repository) => ({ repository, inMs: random() * rewantWithinMs })),
      true,
    );
  }

  async unwant(repository: string): Promise<void> {
    this.#wanted.delete(repository);
    await this.#run('unwant', { repository });
  }

  async claim(max: number, leaseMs: number): Promise<readonly Claim[]> {
    const reply = asList(await this.#run('claim', { max: Math.min(max, maxClaims), leaseMs })).map(asText);
    const claims: Claim[] = [];
    for (let i = 0; i + 3 < reply.length; i += 4) {
      const [repository = '', scopes = '[]', memo = '', lease = ''] = reply.slice(i, i + 4);
      const texts = readScopes(scopes);
      if (texts !== null && isStoredRepository(this.#options.registry, repository))
        claims.push({ repository, lease, memo: memo === '' ? null : memo, scopes: texts });
      // No gateway stores such a name: never ask a registry for it. Its lease ends, and it is counted again.
      else this.#options.damage.found('schedule', repository);
    }
    return claims;
  }

  async extend({ repository, lease }: Claim, leaseMs: number): Promise<boolean> {
    return (await this.#run('extend', { repository, lease, leaseMs })) === 1;
  }

  async done({ repository, lease }: Claim, inMs: number, memo: string): Promise<void> {
    await this.#run('done', { repository, lease, inMs, memo });
  }

  async hasten(repository: string, inMs: number, spacingMs = 0): Promise<boolean> {
    return (await this.#run('hasten', { repository, inMs, spacingMs })) === 1;
  }

  async nextInMs(): Promise<number> {
    const reply = await this.#run('next', {});
    return reply === '' ? Number.POSITIVE_INFINITY : asNumber(reply);
  }

  /** Idempotent. The wishes of this gateway stay until it counts as gone, so that a restart loses no turn. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#beating;
  }

  #run(op: string, call: Readonly<Record<string, unknown>>): Promise<unknown> {
    const { scripts, registry, node, nodeTtlMs } = this.#options;
    return scripts.run('schedule', 'use the poll schedule', { registry, node, nodeTtlMs, op, ...call });
  }

  async #beat(): Promise<void> {
    const { clock, beatEveryMs, registry, log } = this.#options;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        if ((await this.#run('beat', {})) === 1) await this.#wantAllAgain();
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        log.warn({ registry, reason }, 'keep a place in the poll schedule: failed');
      }
      await clock.sleep(beatEveryMs, signal);
    }
  }
}

function readScopes(json: string): readonly string[] | null {
  try {
    return asList(JSON.parse(json)).map(asText);
  } catch {
    return null;
  }
}
