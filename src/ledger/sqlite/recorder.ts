import type { Change } from '../../event/change.ts';
import type { Observation, TagObserved } from '../../event/observation.ts';
import { append } from '../../lib/append.ts';
import { decideWithin } from '../decide.ts';
import type { Outcome } from '../ledger.ts';
import { refusePending } from '../refusal.ts';
import type { TargetTable } from '../target-table.ts';
import { decidedFirst } from '../turns.ts';
import { isDuplicate } from '../weigh.ts';
import type { Call, CallResult } from './call.ts';
import type { SqliteClock } from './clock.ts';
import type { SqliteIndex } from './index-rows.ts';
import type { SqliteLog } from './log.ts';
import type { SqlitePending } from './pending.ts';
import type { SqliteTransactions } from './transactions.ts';

/** What the recorder writes to. */
export interface RecorderParts {
  readonly index: SqliteIndex;
  readonly log: SqliteLog;
  readonly pending: SqlitePending;
  readonly clock: SqliteClock;
  /** Its standing goes on with each change. */
  readonly transactions: Pick<SqliteTransactions, 'standing'>;
  readonly targets: Pick<TargetTable, 'save'>;
  readonly maxPending: number;
}

/** Decides and writes what one call hands over, within the caller's transaction. */
export class SqliteRecorder {
  readonly #parts: RecorderParts;

  constructor(parts: RecorderParts) {
    this.#parts = parts;
  }

  /** @param now the wall clock, ms since the epoch */
  take(call: Call, now: number): CallResult {
    if (call.kind === 'save') return { kind: 'saved', saved: this.#parts.targets.save(call.moves) };
    return call.kind === 'record' ? this.#record(call, now) : this.#defer(call.observations);
  }

  #record({ observations, settles }: Extract<Call, { kind: 'record' }>, now: number): CallResult {
    const { pending } = this.#parts;
    if (settles.some((id) => !pending.has(id)))
      return { kind: 'recorded', recorded: { outcomes: [], changes: [] } };
    for (const id of settles) pending.remove(id);
    const changes: Change[] = [];
    const outcomes = observations.map((observation) => this.#recordOne(observation, now, changes));
    return { kind: 'recorded', recorded: { outcomes, changes } };
  }

  #recordOne(observation: Observation, now: number, changes: Change[]): Outcome {
    const { index, log, pending, clock, transactions, maxPending } = this.#parts;
    const room = () => maxPending - pending.count();
    const first = decidedFirst(index, observation, clock.value, room);
    if (first !== null) {
      const tag = first === 'tag' && 'tag' in observation ? observation.tag : undefined;
      for (const turn of pending.takeTurns(observation, tag))
        this.#recordOne({ ...turn, waited: true }, now, changes);
    }
    const recordedAt = Math.max(now, transactions.standing.recordedAt);
    const standing = { ...transactions.standing, now, clock: clock.value, recordedAt };
    const decision = decideWithin(room, index, observation, standing);
    // Before the rows of the index name the new changes.
    for (const change of decision.changes)
      log.append(change, change.tag === null ? 0 : index.newestOf(change, change.tag));
    index.apply(observation, decision);
    if (decision.changes.length > 0) {
      const head = transactions.standing.head + decision.changes.length;
      transactions.standing = { ...transactions.standing, head, recordedAt };
    }
    const { stampedAt } = clock.value;
    for (const one of decision.lookAgain) pending.add(one, stampedAt);
    if (decision.turn !== null) pending.add(decision.turn, stampedAt);
    if (decision.outcome !== 'duplicate') this.#remember(observation);
    append(changes, decision.changes);
    return decision.outcome;
  }

  #defer(observations: readonly TagObserved[]): CallResult {
    const { index, pending, clock, maxPending } = this.#parts;
    const waiting = pending.count();
    if (waiting + observations.length > maxPending) {
      const refusal = refusePending(waiting, observations.length, maxPending);
      return { kind: 'refused', code: refusal.code, message: refusal.message };
    }
    const kept = observations.flatMap((observation) => {
      if (isDuplicate(index, observation, clock.value)) return [];
      this.#remember(observation);
      return [pending.add(observation, clock.value.stampedAt)];
    });
    return { kind: 'deferred', pending: kept };
  }

  #remember({ dedupeKey }: Observation): void {
    if (dedupeKey !== undefined && dedupeKey !== null) this.#parts.index.remember(dedupeKey);
  }
}
