import { ManifeedError, unavailable } from '../../errors.ts';
import type { Observation } from '../../event/observation.ts';
import { type Gathered, GroupCommit } from '../../lib/group-commit.ts';
import { encodeForLua } from '../../redis/reply.ts';
import { aged } from '../aged.ts';
import type { Recorded } from '../ledger.ts';
import type { RecordReply } from './codec.ts';
import { learnedForScript, withSum } from './sum.ts';

interface Call {
  readonly observations: readonly Observation[];
  readonly settles: readonly string[];
}

interface RecordQueueOptions {
  readonly commit: (calls: string) => Promise<RecordReply>;
  /** Maximum observations that wait; beyond it calls are refused. */
  readonly maxWaiting: number;
  /** Observations in one group; a single larger call goes alone. Default 256: a script of some 5 ms. */
  readonly maxGroup?: number;
  /** Groups under way. Default 2: one runs while the next travels. */
  readonly maxInFlight?: number;
  /** ms; for the ages of looks, which grow while they wait. Default `performance.now`. */
  readonly monotonic?: () => number;
}

/** Groups concurrent calls into one script call. */
export class RecordQueue {
  readonly #calls: GroupCommit<Call, Recorded>;
  #closed = false;

  constructor({ commit, monotonic = () => performance.now(), ...options }: RecordQueueOptions) {
    this.#calls = new GroupCommit({
      ...{ maxGroup: 256, maxInFlight: 2, monotonic, ...options },
      action: 'record observations',
      sizeOf: ({ observations }) => observations.length,
      commit: async (group) => deliver(await commit(encodeGroup(group, monotonic())), group.length),
    });
  }

  /** @throws UNAVAILABLE if too many wait, the queue is closed or the commit fails */
  async add(observations: readonly Observation[], settles: readonly string[]): Promise<Recorded> {
    // Such a time would stop the script, and the whole group with it.
    const timeless = observations.find(({ ageMs = 0, saidAt = 0 }) => !Number.isFinite(ageMs + saidAt));
    if (timeless !== undefined) {
      const { ageMs, saidAt } = timeless;
      const message = `record observations: ageMs ${ageMs}, saidAt ${saidAt}: must be finite, in ms`;
      throw new ManifeedError('INTERNAL', message);
    }
    if (this.#closed) throw unavailable('record observations: the ledger is closed: must be open');
    return this.#calls.add({ observations, settles });
  }

  close(): Promise<void> {
    this.#closed = true;
    return this.#calls.drain();
  }
}

function encodeGroup(group: readonly Gathered<Call>[], now: number): string {
  const calls = group.map(({ call: { observations, settles }, since }) => ({
    o: aged(observations, now - since)
      .map(withSum)
      .map(forScript),
    s: settles,
  }));
  return encodeForLua(calls);
}

function forScript(observation: ReturnType<typeof withSum>): object {
  if (observation.kind !== 'tag' || observation.platforms === undefined) return observation;
  return { ...observation, platforms: learnedForScript(observation.platforms) };
}

function deliver({ outcomes, counts, changes }: RecordReply, count: number): Recorded[] {
  let from = 0;
  return Array.from({ length: count }, (_, i) => {
    const to = from + (counts[i] ?? 0);
    const own = { outcomes: outcomes[i] ?? [], changes: changes.slice(from, to) };
    from = to;
    return own;
  });
}
