import { ManifeedError } from '../../errors.ts';
import type { PendingObservation } from '../../event/observation.ts';
import { GroupCommit } from '../../lib/group-commit.ts';
import { aged } from '../aged.ts';
import type { Recorded } from '../ledger.ts';
import { type Call, type CallResult, sizeOf } from './call.ts';

type CommitGroup = (calls: readonly Call[]) => Promise<readonly CallResult[]>;

const maxGroupObservations = 1_000;

/** Groups calls: under load one fsync serves all that came during the previous one. */
export class GroupWriter {
  readonly #calls: GroupCommit<Call, CallResult>;

  /** @param monotonic ms; for the ages of looks, which grow while they wait */
  constructor(commit: CommitGroup, maxWaiting: number, monotonic: () => number = () => performance.now()) {
    this.#calls = new GroupCommit({
      ...{ action: 'record observations', maxWaiting, maxGroup: maxGroupObservations, monotonic },
      // Requests that were read in one turn of the event loop go together.
      gather: setImmediate,
      sizeOf,
      commit: (group) => {
        const now = monotonic();
        return commit(group.map(({ call, since }) => agedCall(call, now - since)));
      },
    });
  }

  get waiting(): number {
    return this.#calls.waiting;
  }

  async record(call: Extract<Call, { kind: 'record' }>): Promise<Recorded> {
    const result = await this.#calls.add(call);
    return result.kind === 'recorded' ? result.recorded : refuse(result);
  }

  async defer(call: Extract<Call, { kind: 'defer' }>): Promise<readonly PendingObservation[]> {
    const result = await this.#calls.add(call);
    return result.kind === 'deferred' ? result.pending : refuse(result);
  }

  async save(call: Extract<Call, { kind: 'save' }>): Promise<readonly boolean[]> {
    const result = await this.#calls.add(call);
    return result.kind === 'saved' ? result.saved : refuse(result);
  }

  drain(): Promise<void> {
    return this.#calls.drain();
  }
}

function agedCall(call: Call, waitedMs: number): Call {
  return call.kind === 'record' ? { ...call, observations: aged(call.observations, waitedMs) } : call;
}

function refuse(result: CallResult): never {
  if (result.kind === 'refused') throw new ManifeedError(result.code, result.message);
  throw new Error(`record observations: the answer is of kind ${result.kind}: must be that of the call`);
}
