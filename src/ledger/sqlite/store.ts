/** The SQLite ledger, synchronous: each method is one transaction or one read. Runs in the worker (`worker.ts`). */
import { ManifeedError, unavailable } from '../../errors.ts';
import type { PendingObservation, Turn } from '../../event/observation.ts';
import type { Bounds, Page, RetentionOptions } from '../ledger.ts';
import { oldestStamp } from '../ledger-clock.ts';
import { ChangesLost } from '../loss.ts';
import { boundedLimit, type LedgerLimits } from '../options.ts';
import { refuseLost, refusePosition } from '../refusal.ts';
import type { Storage } from '../storage.ts';
import { type Moment, TargetTable } from '../target-table.ts';
import type { LedgerRow } from '../transfer.ts';
import { type Call, type CallResult, sizeOf } from './call.ts';
import { SqliteClock } from './clock.ts';
import { SqliteCursors, SqliteTargets } from './cursors.ts';
import { SqliteHealth } from './health.ts';
import { SqliteIndex } from './index-rows.ts';
import { SqliteLog } from './log.ts';
import { SqliteManifests } from './manifests.ts';
import { SqliteNames } from './names.ts';
import { SqlitePending } from './pending.ts';
import { NamePages } from './queries/name-pages.ts';
import { SqliteQueries } from './queries/queries.ts';
import { SqliteRecorder } from './recorder.ts';
import { SqliteRoom } from './room.ts';
import { openSqliteFile, type SqliteFile, type SqliteFileOptions } from './schema.ts';
import { SqliteScrub } from './scrub.ts';
import { fileSize } from './size.ts';
import { SqliteTransactions } from './transactions.ts';
import { SqliteExport, SqliteImport } from './transfer.ts';
import { SqliteTrim } from './trim.ts';
import type { Standing } from './verdict.ts';

/** What the worker needs, as it crosses threads. */
export interface SqliteStoreOptions extends SqliteFileOptions {
  readonly retention: RetentionOptions;
  readonly limits: LedgerLimits;
}

/** limit, leaseMs; the wall clock, ms since the epoch, and the monotonic one. */
type ClaimTerms = [limit: number, leaseMs: number, now: number, monotonic?: number | null];

/** See the head of this file. */
export class SqliteStore {
  readonly #file: SqliteFile;
  readonly #options: SqliteStoreOptions;
  readonly #names: SqliteNames;
  readonly #index: SqliteIndex;
  readonly #log: SqliteLog;
  readonly #pending: SqlitePending;
  readonly #trim: SqliteTrim;
  readonly #scrub: SqliteScrub;
  readonly #clock: SqliteClock;
  readonly #room: SqliteRoom;
  readonly health: SqliteHealth;
  readonly #transactions: SqliteTransactions;
  readonly #recorder: SqliteRecorder;
  readonly queries: SqliteQueries;
  readonly manifests: SqliteManifests;
  readonly #targets: TargetTable;
  readonly cursors: SqliteCursors;
  #export: SqliteExport | null = null;
  #import: SqliteImport | null = null;

  /**
   * @param file default: opened by the options
   * @param health default: checks the file that the options name
   * @throws UNAVAILABLE if the file cannot be opened
   */
  constructor(
    options: SqliteStoreOptions,
    file: SqliteFile = openSqliteFile(options),
    health = new SqliteHealth(options.path),
  ) {
    this.#file = file;
    this.#options = options;
    this.health = health;
    if (file.lost !== null) health.note({ kind: 'new-epoch', reason: file.lost });
    const { db } = this.#file;
    this.#names = new SqliteNames(db);
    const maxAgeMs = options.retention.maxAgeMs;
    this.#pending = new SqlitePending(db);
    this.#index = new SqliteIndex(db, this.#names, { ...options.limits, maxAgeMs }, this.#pending);
    this.#log = new SqliteLog(db, this.#names, options.limits.maxScanned);
    const pages = new NamePages(db, this.#names, options.limits.maxRowsLookedAt);
    this.#trim = new SqliteTrim(db, this.#log);
    this.#scrub = new SqliteScrub(this.#log, pages);
    this.#clock = new SqliteClock(db);
    this.#room = new SqliteRoom(db);
    this.#transactions = new SqliteTransactions(file, health, this.#names, this.#clock);
    const { maxPending, maxTargets } = options.limits;
    const targets = new SqliteTargets(db, (name) => health.note({ kind: 'target-lost', name }));
    this.#targets = new TargetTable(targets, maxTargets);
    this.#recorder = new SqliteRecorder({
      ...{ index: this.#index, log: this.#log, pending: this.#pending, clock: this.#clock },
      ...{ maxPending, transactions: this.#transactions, targets: this.#targets },
    });
    this.queries = new SqliteQueries({
      ...{ db, names: this.#names, index: this.#index, log: this.#log, pages, clock: this.#clock },
      ...{ pending: this.#pending, maxLooked: options.limits.maxRowsLookedAt },
      bounds: () => this.bounds(),
      reading: (action, work) => this.#readingLog(action, work),
    });
    const runs = {
      reading: <T>(action: string, work: () => T) => this.#reading(action, work),
      transaction: <T>(action: string, work: () => T) => this.#transaction(action, work),
    };
    this.manifests = new SqliteManifests(db, options.limits, runs);
    this.cursors = new SqliteCursors(this.#targets, { ...runs, at: (...time) => this.#at(...time) });
  }

  bounds(): Bounds {
    const { epoch, floor, head } = this.#standing;
    return { epoch, floor, head };
  }

  /**
   * Commits all calls in one transaction, so with one fsync.
   *
   * @param now the wall clock, ms since the epoch
   * @param monotonic ms; reveals steps of the wall clock. Null: unknown
   */
  commit(calls: readonly Call[], now: number, monotonic: number | null = null): readonly CallResult[] {
    const { head } = this.#standing;
    let rows = calls.reduce((sum, call) => sum + sizeOf(call), 0);
    try {
      const results = this.#transaction('record observations', () => {
        this.#tick(now, monotonic);
        this.#clock.stamps();
        this.#index.begin();
        const answers = calls.map((call) => {
          const result = this.#recorder.take(call, now);
          // The end of a repository is one observation, and a change for each of its tags.
          rows = Math.max(rows, this.#standing.head - head);
          return result;
        });
        this.#index.end();
        return answers;
      });
      this.#room.took(this.#standing.head - head);
      return results;
    } catch (error) {
      if (error instanceof ManifeedError) this.#room.refused(rows);
      throw error;
    }
  }

  /** Returns the ledger's stamp. */
  #tick(now: number, monotonic: number | null): number {
    this.#clock.tick(now, monotonic);
    this.#index.now = this.#clock.value.stampedAt;
    return this.#index.now;
  }

  #at(now: number, monotonic: number): Moment {
    this.#tick(now, monotonic);
    this.#clock.stamps();
    const { epoch, head } = this.#standing;
    return { clock: this.#clock.value, epoch, head };
  }

  claimPending(...claim: ClaimTerms): readonly PendingObservation[] {
    return this.#claim(claim, (terms) => this.#pending.claim(terms)).pending;
  }

  claimTurns(...claim: ClaimTerms): readonly Turn[] {
    return this.#claim(claim, (terms) => this.#pending.claimTurns(terms)).turns;
  }

  #claim<T extends { readonly damaged: number }>(
    [limit, leaseMs, now, monotonic = null]: ClaimTerms,
    claim: (terms: { limit: number; now: number; leaseMs: number }) => T,
  ): T {
    const claimed = this.#transaction('claim pending observations', () =>
      claim({ limit, now: this.#tick(now, monotonic), leaseMs }),
    );
    if (claimed.damaged > 0) this.health.note({ kind: 'pending-lost', count: claimed.damaged });
    return claimed;
  }

  read(after: number, limit: number, repositories?: readonly string[]): Page {
    const bounds = this.bounds();
    if (after < bounds.floor || after > bounds.head) throw refusePosition(after, bounds);
    try {
      return this.#log.page(after, boundedLimit(limit), bounds, repositories);
    } catch (error) {
      if (!(error instanceof ChangesLost)) throw this.health.refuse('read changes', error);
      this.#lose(error);
      throw refuseLost(after, this.bounds());
    }
  }

  seek(time: number): number {
    return this.#readingLog('seek in the ledger', () => this.#log.seek(time, this.#standing));
  }

  /** Runs `work`, and again after each loss that it meets: each round raises the floor, so this ends at the head. */
  #readingLog<T>(action: string, work: () => T): T {
    return this.#reading(action, () => {
      for (;;) {
        try {
          return work();
        } catch (error) {
          if (!(error instanceof ChangesLost)) throw error;
          this.#lose(error);
        }
      }
    });
  }

  /** Raises the floor: readers that have not passed the loss receive an error, not what follows it. */
  #lose({ upTo, message }: ChangesLost): void {
    this.#transaction('raise the floor', () => {
      this.#standing = { ...this.#standing, floor: Math.max(this.#standing.floor, upTo) };
    });
    this.health.note({ kind: 'changes-lost', floor: upTo, reason: message });
  }

  /** Reads the next rows of the log, then of the index, only to find damage; true at the end. */
  scrub(): boolean {
    return this.#reading('scrub the ledger', () => {
      try {
        return this.#scrub.step(this.bounds());
      } catch (error) {
        if (!(error instanceof ChangesLost)) throw error;
        this.#lose(error);
        return false;
      }
    });
  }

  baselines(registry: string, repository: string): readonly string[] {
    return this.#reading('read baselines', () => this.#index.baselines(registry, repository));
  }

  /** Writes something, with an fsync, and deletes it again. @throws UNAVAILABLE if the disk has no room for it */
  check(): void {
    this.#transaction('check the ledger', () => this.#room.probe());
    this.#room.proven();
  }

  storage(): Storage {
    const { path, maxFileBytes } = this.#options;
    const size = this.#reading('read the size of the ledger', () => fileSize(path, maxFileBytes));
    return { ...size, damage: this.health.damage, risk: null };
  }

  /** One bounded step of retention. @param hasStood whether the wall clock has stood long enough to drop by age */
  trim(
    now: number,
    hasStood = true,
    monotonic: number | null = null,
  ): { readonly bounds: Bounds; readonly done: boolean } {
    const { maxChanges, maxAgeMs } = this.#options.retention;
    const { maxTrimmedAtOnce: atOnce } = this.#options.limits;
    const old = hasStood ? this.seek(now - maxAgeMs) : 0;
    const done = this.#transaction('trim the ledger', () => {
      this.#tick(now, monotonic);
      const { floor, head } = this.#standing;
      const target = Math.max(floor, head - maxChanges, old);
      const stampedBefore = hasStood ? oldestStamp(this.#clock.value, maxAgeMs) : null;
      const step = this.#trim.step(this.#standing, { target, stampedBefore, atOnce });
      if (step.done && stampedBefore !== null)
        this.#targets.trim(stampedBefore, { clock: this.#clock.value });
      if (step.floor > floor) this.#standing = { ...this.#standing, floor: step.floor };
      return step.done;
    });
    return { bounds: this.bounds(), done };
  }

  /** @throws UNAVAILABLE if an export is under way already */
  exportStart(): void {
    if (this.#export !== null)
      throw unavailable('export ledger: another export is under way: must have ended');
    this.#export = this.#reading('export ledger', () => new SqliteExport(this.#options.path));
  }

  /** The next rows of the export under way; none at its end. */
  exportNext(): readonly LedgerRow[] {
    return this.#reading('export ledger', () => this.#export?.next() ?? []);
  }

  exportEnd(): void {
    this.#export?.close();
    this.#export = null;
  }

  /** @throws UNAVAILABLE if the ledger is not empty */
  importStart(): void {
    this.#import = this.#reading(
      'import ledger',
      () => new SqliteImport(this.#file.db, this.#names, this.#standing.head),
    );
  }

  importNext(rows: readonly LedgerRow[]): void {
    this.#reading('import ledger', () => this.#import?.add(rows));
  }

  /** Commits the import, or rolls back all of it. */
  importEnd(isWhole: boolean): Bounds {
    this.#reading('import ledger', () => {
      if (!isWhole) return this.#import?.abort();
      this.#file.place.assertHeld('import ledger');
      this.#import?.commit();
    });
    this.#import = null;
    if (!isWhole) this.#names.forget();
    this.#pending.forget();
    this.#transactions.reload();
    this.#clock.reload();
    return this.bounds();
  }

  close(): void {
    this.exportEnd();
    this.#file.close();
  }

  get #standing(): Standing {
    return this.#transactions.standing;
  }

  set #standing(standing: Standing) {
    this.#transactions.standing = standing;
  }

  #transaction<T>(action: string, work: () => T): T {
    if (this.#import !== null) throw unavailable(`${action}: an import is under way: must have ended`);
    try {
      return this.#transactions.run(action, work);
    } catch (error) {
      this.#pending.forget();
      throw error;
    }
  }

  #reading<T>(action: string, work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw this.health.refuse(action, error);
    }
  }
}
