/**
 * The durable ledger in one SQLite file, for one gateway. Survives kill -9: write-ahead log, fsync before a call
 * resolves. This end groups calls, keeps the tails and never touches the disk; a worker thread owns the file. While
 * the disk fails calls reject with `UNAVAILABLE`, and work again when it does.
 */
import { ManifeedError, unavailable } from '../../errors.ts';
import type { Digest } from '../../event/digest.ts';
import type { Observation, PendingObservation, TagObserved, Turn } from '../../event/observation.ts';
import type { RepositoryName } from '../../event/reference.ts';
import { failpoint } from '../../lib/failpoint.ts';
import { type Histogram, noMetrics } from '../../lib/metrics.ts';
import { randomId } from '../../lib/random-id.ts';
import { ReadGate } from '../../lib/read-gate.ts';
import type { TargetCursors } from '../cursors.ts';
import { groupedStates } from '../grouped-states.ts';
import type { Bounds, Ledger, Page, ReadFilter, Recorded, TailEvent } from '../ledger.ts';
import type { ManifestStore } from '../manifests.ts';
import { defaultLimits, type LedgerOptions } from '../options.ts';
import {
  assertBatch,
  type HistoryPage,
  type HistoryQuery,
  type KnownDigest,
  type LedgerQueries,
  type ListStates,
  type RepositoryListPage,
  type RepositoryListQuery,
  type TagListPage,
  type TagListQuery,
  type TagNamesPage,
  type TagNamesQuery,
  type TagsAtQuery,
} from '../queries.ts';
import { StandingTime } from '../standing-time.ts';
import type { Storage } from '../storage.ts';
import { Tails } from '../tails.ts';
import { type LedgerRow, type Transferable, wholeExport } from '../transfer.ts';
import type { Call, CallResult } from './call.ts';
import { SqliteLink } from './link.ts';
import { noticeTeller } from './notices.ts';
import { cursorsOf, manifestsOf } from './ports.ts';
import { GroupWriter } from './writer.ts';

/** Where the file is, and how large it may become. */
export interface SqliteLedgerOptions extends LedgerOptions {
  /** The file; created, with its folder, if it is missing. */
  readonly path: string;
  /** Maximum file size, bytes; beyond it recording is refused. Default: as the disk allows. */
  readonly maxFileBytes?: number;
  /** How long to wait for another program's lock on the file, ms. Default 250. */
  readonly busyTimeoutMs?: number;
}

const defaultBusyTimeoutMs = 250;
// Two keep the thread busy; each more could delay a commit by some milliseconds.
const maxReadsAtOnce = 2;
const importedAtOnce = 1_000;
// A step reads a thousand rows in some 3 ms: 3 % of the worker's time, and 9 minutes for five million.
const scrubAfterOpeningMs = 60_000;
const scrubPauseMs = 100;
const scrubIntervalMs = 24 * 3_600_000;
// A disk that is full for large groups only would otherwise cause two lines for each webhook.
const refusalLogIntervalMs = 60_000;

/** @throws UNAVAILABLE if the file cannot be opened: not ours, newer, claimed by another gateway, not writable */
export async function openSqliteLedger(options: SqliteLedgerOptions): Promise<Ledger & Transferable> {
  const link = new SqliteLink(noticeTeller(options));
  try {
    const bounds = await link.open({
      path: options.path,
      epoch: randomId(options.random),
      openedAt: options.clock.now(),
      busyTimeoutMs: options.busyTimeoutMs ?? defaultBusyTimeoutMs,
      maxFileBytes: options.maxFileBytes ?? null,
      retention: options.retention,
      limits: { ...defaultLimits, ...options.limits },
    });
    options.log?.info({ path: options.path, ...bounds }, 'ledger open');
    return new SqliteLedger(link, options);
  } catch (error) {
    await link.abandon(options.clock);
    throw error;
  }
}

class SqliteLedger implements Ledger, Transferable {
  readonly #link: SqliteLink;
  readonly #options: SqliteLedgerOptions;
  readonly #writer: GroupWriter;
  readonly #gate: ReadGate;
  readonly manifests: ManifestStore;
  readonly cursors: TargetCursors;
  readonly states: LedgerQueries['states'];
  readonly #tails = new Tails();
  readonly #standingTime: StandingTime;
  readonly #commitSeconds: Histogram;
  readonly #groupSize: Histogram;
  #checking: Promise<void> | null = null;
  /** When a refusal was last logged, monotonic ms. */
  #refusalLoggedAt = Number.NEGATIVE_INFINITY;
  /** Whether it was logged, and no recovery since. */
  #isRefusalLogged = false;
  #closing: Promise<void> | null = null;
  #cancelScrub = () => {};

  constructor(link: SqliteLink, options: SqliteLedgerOptions) {
    const limits = { ...defaultLimits, ...options.limits };
    this.#link = link;
    this.#options = options;
    const { clock } = options;
    this.#writer = new GroupWriter(
      (calls) => this.#commit(calls),
      limits.maxWaitingObservations,
      () => clock.monotonic(),
    );
    this.#standingTime = new StandingTime(() => clock.monotonic(), clock.now());
    this.#gate = new ReadGate(maxReadsAtOnce, limits.maxWaitingReads);
    this.manifests = manifestsOf(link, this.#gate);
    const assertOpen = (action: string) => this.#assertOpen(action);
    this.cursors = cursorsOf({ link, writer: this.#writer, gate: this.#gate, clock, assertOpen });
    this.states = groupedStates((names) =>
      this.#gate.pass(() => link.ask('states', names, clock.now(), clock.monotonic())),
    );
    const metrics = options.metrics ?? noMetrics;
    this.#commitSeconds = metrics.histogram('ledger_commit_seconds', 'Time to make one group durable');
    this.#groupSize = metrics.histogram(
      'ledger_group_calls',
      'Calls that one commit served',
      [],
      [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000],
    );
    this.#scheduleScrub(scrubAfterOpeningMs);
    metrics.gauge('ledger_waiting_observations', 'Observations that wait for a commit', [], (gauge) =>
      gauge.set(this.#writer.waiting),
    );
  }

  async record(observations: readonly Observation[], settles: readonly string[] = []): Promise<Recorded> {
    this.#assertOpen('record observations');
    return this.#writer.record({ kind: 'record', observations, settles });
  }

  async defer(observations: readonly TagObserved[]): Promise<readonly PendingObservation[]> {
    this.#assertOpen('defer observations');
    return this.#writer.defer({ kind: 'defer', observations });
  }

  async #commit(calls: readonly Call[]): Promise<readonly CallResult[]> {
    const { clock } = this.#options;
    const startedAt = clock.monotonic();
    const results = await this.#watched(this.#link.ask('commit', calls, clock.now(), clock.monotonic()));
    failpoint('sqlite.before-acknowledge');
    this.#commitSeconds.observe((clock.monotonic() - startedAt) / 1_000);
    this.#groupSize.observe(calls.length);
    const changes = results.flatMap((result) => (result.kind === 'recorded' ? result.recorded.changes : []));
    if (changes.length > 0) this.#tails.emit({ kind: 'changes', changes });
    return results;
  }

  async claimPending(limit: number, leaseMs: number): Promise<readonly PendingObservation[]> {
    this.#assertOpen('claim pending observations');
    const { clock } = this.#options;
    return this.#link.ask('claimPending', limit, leaseMs, clock.now(), clock.monotonic());
  }

  async claimTurns(limit: number, leaseMs: number): Promise<readonly Turn[]> {
    this.#assertOpen('claim turns');
    const { clock } = this.#options;
    return this.#link.ask('claimTurns', limit, leaseMs, clock.now(), clock.monotonic());
  }

  bounds(): Promise<Bounds> {
    return this.#link.ask('bounds');
  }

  storage(): Promise<Storage> {
    return this.#gate.pass(() => this.#link.ask('storage'));
  }

  read(after: number, limit: number, filter: ReadFilter = {}): Promise<Page> {
    const { repositories } = filter;
    return this.#gate.pass(() => this.#link.ask('read', after, limit, repositories));
  }

  seek(time: number): Promise<number> {
    return this.#gate.pass(() => this.#link.ask('seek', time));
  }

  listTags(query: TagListQuery): Promise<TagListPage> {
    return this.#gate.pass(() => this.#link.ask('listTags', query));
  }

  tagNames(query: TagNamesQuery): Promise<TagNamesPage> {
    return this.#gate.pass(() => this.#link.ask('tagNames', query));
  }

  tagsAt(query: TagsAtQuery): Promise<TagListPage> {
    return this.#gate.pass(() => this.#link.ask('tagsAt', query));
  }

  async digests(of: RepositoryName, digests: readonly Digest[]): Promise<readonly (KnownDigest | null)[]> {
    assertBatch(digests);
    return this.#gate.pass(() => this.#link.ask('digests', of, digests));
  }

  history(query: HistoryQuery): Promise<HistoryPage> {
    return this.#gate.pass(() => this.#link.ask('history', query));
  }

  listRepositories(query: RepositoryListQuery): Promise<RepositoryListPage> {
    const { clock } = this.#options;
    return this.#gate.pass(() => this.#link.ask('listRepositories', query, clock.now(), clock.monotonic()));
  }

  async lists(of: readonly RepositoryName[]): Promise<ListStates> {
    assertBatch(of);
    const { clock } = this.#options;
    return this.#gate.pass(() => this.#link.ask('lists', of, clock.now(), clock.monotonic()));
  }

  baselines(registry: string, repository: string): Promise<readonly string[]> {
    return this.#gate.pass(() => this.#link.ask('baselines', registry, repository));
  }

  tail(listener: (event: TailEvent) => void): () => void {
    return this.#tails.add(listener);
  }

  /** Concurrent calls share one answer: an open `/readyz` must not become a storm of fsyncs. */
  check(): Promise<void> {
    this.#checking ??= this.#watched(this.#link.ask('check')).finally(() => {
      this.#checking = null;
    });
    return this.#checking;
  }

  /** Logs once when storing begins to fail, with the reason, and once when it works again. */
  async #watched<T>(storing: Promise<T>): Promise<T> {
    try {
      const reply = await storing;
      if (this.#isRefusalLogged) this.#options.log?.info({ path: this.#options.path }, 'ledger stores again');
      this.#isRefusalLogged = false;
      return reply;
    } catch (error) {
      if (error instanceof ManifeedError && this.#closing === null) this.#logRefusal(error);
      throw error;
    }
  }

  #logRefusal({ message }: ManifeedError): void {
    const now = this.#options.clock.monotonic();
    if (this.#isRefusalLogged || now - this.#refusalLoggedAt < refusalLogIntervalMs) return;
    this.#isRefusalLogged = true;
    this.#refusalLoggedAt = now;
    this.#options.log?.error({ path: this.#options.path, reason: message }, 'ledger refuses to store');
  }

  async trim(): Promise<Bounds> {
    const { clock } = this.#options;
    const [now, monotonic] = [clock.now(), clock.monotonic()];
    const hasStood = this.#standingTime.hasStood(now);
    for (;;) {
      // Each step is its own request, so that commits get in between.
      const { bounds, done } = await this.#link.ask('trim', now, hasStood, monotonic);
      if (done) return bounds;
    }
  }

  #scheduleScrub(delayMs: number): void {
    if (this.#closing !== null) return;
    this.#cancelScrub = this.#options.clock.after(delayMs, () => {
      // Other calls report a file that cannot be read; this tries again.
      this.#link.ask('scrub').then(
        (isDone) => this.#scheduleScrub(isDone ? scrubIntervalMs : scrubPauseMs),
        () => this.#scheduleScrub(scrubAfterOpeningMs),
      );
    });
  }

  async *exportRows(): AsyncGenerator<LedgerRow> {
    await this.#link.ask('exportStart');
    try {
      for (;;) {
        const rows = await this.#link.ask('exportNext');
        if (rows.length === 0) return;
        yield* rows;
      }
    } finally {
      await this.#link.ask('exportEnd');
    }
  }

  async importRows(rows: AsyncIterable<LedgerRow>): Promise<void> {
    this.#assertOpen('import ledger');
    await this.#link.ask('importStart');
    let isWhole = false;
    try {
      await this.#importAll(rows);
      isWhole = true;
    } finally {
      const bounds = await this.#link.ask('importEnd', isWhole);
      if (isWhole) this.#tails.emit({ kind: 'reset', bounds, reason: 'imported' });
    }
  }

  async #importAll(rows: AsyncIterable<LedgerRow>): Promise<void> {
    let batch: LedgerRow[] = [];
    for await (const row of wholeExport(rows)) {
      batch.push(row);
      if (batch.length < importedAtOnce) continue;
      await this.#link.ask('importNext', batch);
      batch = [];
    }
    await this.#link.ask('importNext', batch);
  }

  close(): Promise<void> {
    this.#cancelScrub();
    this.#closing ??= this.#writer
      .drain()
      .then(() => this.#link.close())
      .finally(() => this.#tails.clear());
    return this.#closing;
  }

  #assertOpen(action: string): void {
    if (this.#closing !== null) throw unavailable(`${action}: the ledger is closed: must be open`);
  }
}
