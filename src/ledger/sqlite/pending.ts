import type { Deferred, PendingObservation, Turn } from '../../event/observation.ts';
import type { RepositoryName } from '../../event/reference.ts';
import { encodePending, readPending } from '../pending-codec.ts';
import type { TagName } from '../queries.ts';
import { type TurnCounts, TurnQueues, waitedMs } from '../turns.ts';
import type { Db } from './tables.ts';

interface StoredPending {
  readonly id: number;
  readonly observation: string;
}

/** Who claims, how many and for how long; times are the ledger's stamps, ms. */
interface Claim {
  readonly limit: number;
  readonly now: number;
  readonly leaseMs: number;
}

/** Observations that wait for a look or for their turn, in SQLite. Their ids are never reused. */
export class SqlitePending implements TurnCounts {
  readonly #sql;
  /** What waits for its turn, as in the file; null: to be read. */
  #turns: TurnQueues | null = null;
  /** Turns in the file that are unreadable: the next claim removes them. */
  #unreadable: number[] = [];
  /** Unreadable ones that were removed, and not told of yet. */
  #damaged = 0;

  constructor(db: Db) {
    this.#sql = {
      count: db.prepare<[], number>('SELECT count(*) FROM pending').pluck(),
      has: db.prepare<[number]>('SELECT 1 FROM pending WHERE id = ?'),
      add: db.prepare<[string, string | null]>(
        'INSERT INTO pending (observation, leased_until, awaits) VALUES (?, 0, ?)',
      ),
      free: db.prepare<[number, number], StoredPending>(
        `SELECT id, observation FROM pending WHERE leased_until <= ? AND awaits IS NULL ORDER BY id LIMIT ?`,
      ),
      turns: db.prepare<[], StoredPending>(
        'SELECT id, observation FROM pending WHERE awaits IS NOT NULL ORDER BY id',
      ),
      one: db.prepare<[number], StoredPending>('SELECT id, observation FROM pending WHERE id = ?'),
      freeOne: db.prepare<[number, number], StoredPending>(
        'SELECT id, observation FROM pending WHERE id = ? AND leased_until <= ?',
      ),
      lease: db.prepare<[number, number]>('UPDATE pending SET leased_until = ? WHERE id = ?'),
      remove: db.prepare<[number]>('DELETE FROM pending WHERE id = ?'),
    };
  }

  count(): number {
    return this.#sql.count.get() ?? 0;
  }

  has(id: string): boolean {
    return this.#sql.has.get(Number(id)) !== undefined;
  }

  turnsOf(of: RepositoryName, tag?: string): number {
    return this.#queues().turnsOf(of, tag);
  }

  /** What was written is undone, or somebody else wrote: the queues are read again. */
  forget(): void {
    this.#turns = null;
    this.#unreadable = [];
  }

  /** @param keptAt the ledger's stamp, ms; one that waits for its turn has its own */
  add(observation: Deferred, keptAt: number): PendingObservation {
    const { awaits } = observation;
    const stamp = awaits === undefined ? keptAt : (observation.keptAt ?? keptAt);
    const kept = { ...observation, dedupeKey: null, keptAt: stamp };
    const turns = awaits === undefined ? null : this.#queues();
    const id = String(this.#sql.add.run(encodePending(kept), awaits ?? null).lastInsertRowid);
    turns?.add(id, kept);
    return { id, observation: kept };
  }

  /** @returns also how many unreadable ones were removed: they would fail at each claim */
  claim({ limit, now, leaseMs }: Claim) {
    const pending = this.#sql.free.all(now, limit).flatMap((row) => this.#lease(row, now + leaseMs));
    return { pending, damaged: this.#takeDamaged() };
  }

  /** As `claim`, of the first of each tag that waits for its turn. */
  claimTurns({ limit, now, leaseMs }: Claim) {
    const turns: Turn[] = [];
    const queues = this.#queues();
    for (const id of this.#unreadable.splice(0)) {
      this.#damaged += 1;
      this.#sql.remove.run(id);
    }
    for (const id of [...queues.heads()].sort((a, b) => Number(a) - Number(b))) {
      if (turns.length >= limit) break;
      const row = this.#sql.freeOne.get(Number(id), now);
      for (const pending of row === undefined ? [] : this.#lease(row, now + leaseMs)) {
        turns.push({ ...pending, waitedMs: waitedMs(pending.observation, now) });
      }
    }
    return { turns, damaged: this.#takeDamaged() };
  }

  /** Removes what waits for its turn, of a repository or one of its tags. */
  takeTurns(of: RepositoryName, tag: string | undefined): readonly Deferred[] {
    return this.#queues()
      .idsOf(of, tag)
      .flatMap((id) => this.remove(id) ?? []);
  }

  /** What of the tag came last and waits for its turn. */
  newestTurn(of: TagName): Deferred | undefined {
    const id = this.#queues().idsOf(of, of.tag).at(-1);
    const row = id === undefined ? undefined : this.#sql.one.get(Number(id));
    return row === undefined ? undefined : (readPending(row.observation) ?? undefined);
  }

  /** Undefined: there is none, or it is unreadable. */
  remove(id: string): Deferred | undefined {
    const row = this.#sql.one.get(Number(id));
    this.#sql.remove.run(Number(id));
    const observation = row === undefined ? null : readPending(row.observation);
    if (observation === null) return undefined;
    if (observation.awaits !== undefined) this.#queues().remove(id, observation);
    return observation;
  }

  #lease({ id, observation }: StoredPending, until: number): readonly PendingObservation[] {
    const decoded = readPending(observation);
    if (decoded === null) {
      this.#damaged += 1;
      this.#sql.remove.run(id);
      return [];
    }
    this.#sql.lease.run(until, id);
    return [{ id: String(id), observation: decoded }];
  }

  #takeDamaged(): number {
    const damaged = this.#damaged;
    this.#damaged = 0;
    return damaged;
  }

  #queues(): TurnQueues {
    if (this.#turns !== null) return this.#turns;
    const turns = new TurnQueues();
    for (const { id, observation } of this.#sql.turns.all()) {
      const decoded = readPending(observation);
      if (decoded !== null) turns.add(String(id), decoded);
      else this.#unreadable.push(id);
    }
    this.#turns = turns;
    return turns;
  }
}
