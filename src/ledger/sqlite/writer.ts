import { ManifeedError } from '../../errors.ts';
import type { PendingObservation } from '../../event/observation.ts';
import { aged } from '../aged.ts';
import type { Recorded } from '../ledger.ts';
import type { Call, CallResult } from './call.ts';

/** Hands a group to the disk; resolves when it is durable. */
export type CommitGroup = (calls: readonly Call[]) => Promise<readonly CallResult[]>;

interface WaitingCall {
  readonly call: Call;
  /** Monotonic ms. */
  readonly since: number;
  readonly resolve: (result: CallResult) => void;
  readonly reject: (error: unknown) => void;
}

// One call may carry more than this; then it is a group by itself.
const maxGroupObservations = 1_000;

/**
 * Gathers calls into groups: while one group is on its way to the disk, the next one forms. So a lone call waits
 * for nobody, and under load one fsync serves all that came during the one before.
 */
export class GroupWriter {
  readonly #commit: CommitGroup;
  readonly #maxWaitingObservations: number;
  readonly #monotonic: () => number;
  #waiting: WaitingCall[] = [];
  #waitingObservations = 0;
  /** Settles when nothing waits any more; null when nothing does. */
  #running: Promise<void> | null = null;

  /** @param monotonic ms; for the ages of looks, which grow while they wait */
  constructor(
    commit: CommitGroup,
    maxWaitingObservations: number,
    monotonic: () => number = () => performance.now(),
  ) {
    this.#monotonic = monotonic;
    this.#commit = commit;
    this.#maxWaitingObservations = maxWaitingObservations;
  }

  /** Observations that wait for a group. */
  get waiting(): number {
    return this.#waitingObservations;
  }

  async record(call: Extract<Call, { kind: 'record' }>): Promise<Recorded> {
    const result = await this.#submit(call);
    return result.kind === 'recorded' ? result.recorded : refuse(result);
  }

  async defer(call: Extract<Call, { kind: 'defer' }>): Promise<readonly PendingObservation[]> {
    const result = await this.#submit(call);
    return result.kind === 'deferred' ? result.pending : refuse(result);
  }

  /** Resolves when every call made so far has its answer. */
  async drain(): Promise<void> {
    await this.#running;
  }

  #submit(call: Call): Promise<CallResult> {
    const more = call.observations.length;
    const max = this.#maxWaitingObservations;
    if (this.#waitingObservations + more > max && this.#waiting.length > 0)
      throw new ManifeedError(
        'UNAVAILABLE',
        `record observations: ${this.#waitingObservations} wait for the disk: must be at most ${max}`,
      );
    return new Promise((resolve, reject) => {
      this.#waiting.push({ call, since: this.#monotonic(), resolve, reject });
      this.#waitingObservations += more;
      this.#running ??= this.#run();
    });
  }

  async #run(): Promise<void> {
    // The requests that one turn of the event loop read from their sockets go together.
    await new Promise((resolve) => setImmediate(resolve));
    for (let group = this.#take(); group.length > 0; group = this.#take()) {
      try {
        const now = this.#monotonic();
        const results = await this.#commit(group.map(({ call, since }) => agedCall(call, now - since)));
        group.forEach(({ resolve, reject }, i) => {
          const result = results[i];
          if (result === undefined)
            reject(new Error('record observations: a call has no result: must have one'));
          else resolve(result);
        });
      } catch (error) {
        for (const { reject } of group) reject(error);
      }
    }
    this.#running = null;
  }

  #take(): WaitingCall[] {
    let observations = 0;
    let count = 0;
    for (const { call } of this.#waiting) {
      observations += call.observations.length;
      if (count > 0 && observations > maxGroupObservations) break;
      count += 1;
    }
    const group = this.#waiting.splice(0, count);
    for (const { call } of group) this.#waitingObservations -= call.observations.length;
    return group;
  }
}

function agedCall(call: Call, waitedMs: number): Call {
  return call.kind === 'record' ? { ...call, observations: aged(call.observations, waitedMs) } : call;
}

function refuse(result: CallResult): never {
  if (result.kind === 'refused') throw new ManifeedError(result.code, result.message);
  throw new Error(`record observations: the answer is of kind ${result.kind}: must be that of the call`);
}
