import type { Change } from '../../../event/change.ts';
import type { Bounds } from '../../ledger.ts';
import { boundedLimit } from '../../options.ts';
import type { HistoryPage, HistoryQuery } from '../../queries.ts';
import type { SqliteLog } from '../log.ts';
import type { SqliteNames } from '../names.ts';
import type { Db } from '../tables.ts';
import { Budget } from './budget.ts';
import { type Look, type Looking, TagChanges } from './tag-changes.ts';

/** Pages of changes, newest first. */
export class HistoryPages {
  readonly #names: SqliteNames;
  readonly #log: SqliteLog;
  readonly #maxLooked: number;
  readonly #tagChanges: TagChanges;
  readonly #ofRepository;

  constructor(db: Db, names: SqliteNames, log: SqliteLog, maxLooked: number) {
    this.#names = names;
    this.#log = log;
    this.#maxLooked = maxLooked;
    this.#tagChanges = new TagChanges(db, names, log);
    this.#ofRepository = db
      .prepare<[number, number, number], number>(
        `SELECT sequence FROM change INDEXED BY change_by_repository
           WHERE repository_id = ? AND sequence > ? AND sequence < ? ORDER BY sequence DESC`,
      )
      .pluck();
  }

  /** @throws ChangesLost if it meets a missing or damaged change */
  page({ of, types, before: asked, limit }: HistoryQuery, bounds: Bounds): HistoryPage {
    const budget = new Budget(this.#maxLooked);
    const max = boundedLimit(limit);
    const changes: Change[] = [];
    const before = Math.min(asked ?? Number.MAX_SAFE_INTEGER, bounds.head + 1);
    let last = before;
    for (const { sequence, change } of this.#looks(of, { before, bounds, budget })) {
      if (changes.length === max || budget.left === 0)
        return { changes, next: last, bounds, looked: budget.looked };
      budget.left -= 1;
      last = sequence;
      if (change !== null && (types === undefined || types.includes(change.type))) changes.push(change);
    }
    return { changes, next: null, bounds, looked: budget.looked };
  }

  /** The newest change of a repository that is kept; null: there is none. @throws ChangesLost */
  newest(repositoryId: number, { epoch, floor, head }: Bounds): Change | null {
    const sequence = this.#ofRepository.get(repositoryId, floor, head + 1);
    return sequence === undefined ? null : this.#log.entry(sequence, epoch).change;
  }

  /** The entries before `before`, newest first, read one by one. */
  *#looks(of: HistoryQuery['of'], looking: Looking): Generator<Look> {
    if (of?.tag === undefined) {
      for (const sequence of this.#sequences(of, looking))
        yield { sequence, change: this.#log.entry(sequence, looking.bounds.epoch).change };
      return;
    }
    const id = this.#names.findRepository(of.registry, of.repository);
    if (id !== undefined) yield* this.#tagChanges.looks(id, of.tag, looking);
  }

  *#sequences(of: HistoryQuery['of'], { before, bounds: { floor } }: Looking): Generator<number> {
    if (of === undefined) {
      for (let sequence = before - 1; sequence > floor; sequence -= 1) yield sequence;
      return;
    }
    const id = this.#names.findRepository(of.registry, of.repository);
    if (id !== undefined) yield* this.#ofRepository.iterate(id, floor, before);
  }
}
