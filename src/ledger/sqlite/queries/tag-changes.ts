import type { Change } from '../../../event/change.ts';
import type { Bounds } from '../../ledger.ts';
import type { SqliteLog } from '../log.ts';
import type { SqliteNames } from '../names.ts';
import type { Db } from '../tables.ts';
import type { Budget } from './budget.ts';

/** An entry of the log that was read. */
export interface Look {
  readonly sequence: number;
  /** Null: it is not one of those asked for. */
  readonly change: Change | null;
}

export interface Looking {
  /** Entries before this sequence. */
  readonly before: number;
  readonly bounds: Bounds;
  readonly budget: Budget;
}

/** Follows the changes of one tag from newest to oldest: its row names the newest, and each names the one before it. */
export class TagChanges {
  readonly #names: SqliteNames;
  readonly #log: SqliteLog;
  readonly #sql;

  constructor(db: Db, names: SqliteNames, log: SqliteLog) {
    this.#names = names;
    this.#log = log;
    this.#sql = {
      newest: db
        .prepare<[number, string], number>('SELECT sequence FROM tag WHERE repository_id = ? AND name = ?')
        .pluck(),
      ofRepository: db
        .prepare<[number, number, number], number>(
          `SELECT sequence FROM change INDEXED BY change_by_repository
             WHERE repository_id = ? AND sequence > ? AND sequence < ? ORDER BY sequence DESC`,
        )
        .pluck(),
    };
  }

  /** @throws ChangesLost if it meets a missing or damaged change */
  *looks(id: number, tag: string, looking: Looking): Generator<Look> {
    const { floor } = looking.bounds;
    let below = looking.before;
    for (let at = this.#start(id, tag, looking); at === null || at > floor; ) {
      const link = at === null ? null : this.#link(at, id, tag, looking.bounds);
      if (at !== null && link !== null) {
        yield { sequence: at, change: link.change };
        below = at;
        at = link.previous;
        continue;
      }
      // The change above was recorded by an earlier version and does not name it: look among the repository's.
      at = -1;
      for (const sequence of this.#sql.ofRepository.iterate(id, floor, below)) {
        const found = this.#link(sequence, id, tag, looking.bounds);
        yield { sequence, change: found?.change ?? null };
        below = sequence;
        if (found === null) continue;
        at = found.previous;
        break;
      }
    }
  }

  /** Where to begin; null: unknown. Callers mostly ask for what is before a change of the tag that they have. */
  #start(id: number, tag: string, { before, bounds, budget }: Looking): number | null {
    let at: number | null = this.#sql.newest.get(id, tag) ?? 0;
    if (at >= before && before > bounds.floor) {
      budget.left -= 1;
      const link = this.#link(before, id, tag, bounds);
      if (link !== null) return link.previous;
    }
    for (const least = Math.floor(budget.left / 2); at !== null && at >= before && at > bounds.floor; ) {
      if (budget.left <= least) return null;
      budget.left -= 1;
      at = this.#link(at, id, tag, bounds)?.previous ?? null;
    }
    return at;
  }

  /** Null if the change is another tag's: then a number that led here is damaged. `previous` null: unknown. */
  #link(sequence: number, id: number, tag: string, { epoch }: Bounds) {
    const { change, previous } = this.#log.entry(sequence, epoch);
    const { registry, repository } = this.#names.repository(id);
    if (change.tag !== tag || change.repository !== repository || change.registry !== registry) return null;
    return { change, previous: previous !== null && previous < sequence ? previous : null };
  }
}
