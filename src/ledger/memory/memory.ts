/** The ledger in memory, for tests and gateways that may forget. The simplest implementation: read it first. */
import { unavailable } from '../../errors.ts';
import type { Change } from '../../event/change.ts';
import type { Digest } from '../../event/digest.ts';
import type { Observation, PendingObservation, TagObserved, Turn } from '../../event/observation.ts';
import { type RepositoryName, repositoryKey } from '../../event/reference.ts';
import { append } from '../../lib/append.ts';
import { randomId } from '../../lib/random-id.ts';
import type { TargetCursors } from '../cursors.ts';
import { decideWithin } from '../decide.ts';
import type { Bounds, Ledger, Outcome, Page, ReadFilter, Recorded, TailEvent } from '../ledger.ts';
import { atWall, importedClock, type LedgerClock, newClock, oldestStamp } from '../ledger-clock.ts';
import { boundedLimit, defaultLimits, type LedgerLimits, type LedgerOptions } from '../options.ts';
import type {
  HistoryPage,
  HistoryQuery,
  KnownDigest,
  KnownTag,
  ListStates,
  RepositoryListPage,
  RepositoryListQuery,
  TagListPage,
  TagListQuery,
  TagName,
  TagNamesPage,
  TagNamesQuery,
  TagsAtQuery,
} from '../queries.ts';
import { refusePending, refusePosition } from '../refusal.ts';
import { StandingTime } from '../standing-time.ts';
import { type Storage, unknownStorage } from '../storage.ts';
import { Tails } from '../tails.ts';
import { TargetTable, targetRows } from '../target-table.ts';
import {
  type LedgerRow,
  refuseNotEmpty,
  type Transferable,
  transferFormat,
  wholeExport,
} from '../transfer.ts';
import { decidedFirst } from '../turns.ts';
import { isDuplicate } from '../weigh.ts';
import { MemoryTargets, memoryCursors } from './cursors.ts';
import { MemoryIndex } from './index-rows.ts';
import { MemoryManifests } from './manifests.ts';
import { MemoryPending } from './pending.ts';
import { MemoryQueries } from './queries.ts';

/** Opens an empty ledger; what it holds ends with the process. */
export async function openMemoryLedger(options: LedgerOptions): Promise<Ledger & Transferable> {
  return new MemoryLedger(options);
}

class MemoryLedger implements Ledger, Transferable {
  readonly #options: LedgerOptions;
  readonly #limits: LedgerLimits;
  readonly #index: MemoryIndex;
  readonly #queries: MemoryQueries;
  readonly manifests: MemoryManifests;
  readonly #targetRows = new MemoryTargets();
  readonly #targets: TargetTable;
  readonly cursors: TargetCursors;
  #epoch: string;
  /** Begins with sequence `floor + 1`. */
  #changes: Change[] = [];
  #floor = 0;
  #recordedAt = 0;
  #clock: LedgerClock = newClock;
  /** Monotonic ms. */
  #tickedAt: number;
  readonly #standingTime: StandingTime;
  readonly #pending = new MemoryPending();
  readonly #tails = new Tails();
  #closed = false;

  constructor(options: LedgerOptions) {
    this.#options = options;
    this.#limits = { ...defaultLimits, ...options.limits };
    this.#epoch = randomId(options.random);
    const bounds = { ...this.#limits, maxAgeMs: options.retention.maxAgeMs };
    this.#index = new MemoryIndex(bounds, () => this.#clock.stampedAt, this.#pending.turns);
    this.#queries = new MemoryQueries({
      ...{ index: this.#index, pending: this.#pending, maxLooked: this.#limits.maxRowsLookedAt },
      log: () => this.#log(),
    });
    this.manifests = new MemoryManifests(this.#limits);
    this.#targets = new TargetTable(this.#targetRows, this.#limits.maxTargets);
    this.cursors = memoryCursors(this.#targets, (action) => {
      this.#assertOpen(action);
      this.#tick();
      return { clock: this.#clock, epoch: this.#epoch, head: this.#head };
    });
    this.#tickedAt = options.clock.monotonic();
    this.#standingTime = new StandingTime(() => options.clock.monotonic(), this.#tick());
  }

  get #head(): number {
    return this.#floor + this.#changes.length;
  }

  async storage(): Promise<Storage> {
    return unknownStorage;
  }

  async bounds(): Promise<Bounds> {
    return { epoch: this.#epoch, floor: this.#floor, head: this.#head };
  }

  async record(observations: readonly Observation[], settles: readonly string[] = []): Promise<Recorded> {
    this.#assertOpen('record observations');
    if (settles.some((id) => !this.#pending.has(id))) return { outcomes: [], changes: [] };
    for (const id of settles) this.#pending.remove(id);
    const before = this.#head;
    const now = this.#tick();
    const outcomes = observations.map((observation) => this.#recordOne(observation, now));
    const changes = this.#changes.slice(before - this.#floor);
    if (changes.length > 0) this.#tails.emit({ kind: 'changes', changes });
    return { outcomes, changes };
  }

  #recordOne(observation: Observation, now: number): Outcome {
    const room = () => this.#limits.maxPending - this.#pending.size;
    const first = decidedFirst(this.#index, observation, this.#clock, room);
    if (first !== null) {
      const tag = first === 'tag' && 'tag' in observation ? observation.tag : undefined;
      for (const turn of this.#pending.takeTurns(observation, tag))
        this.#recordOne({ ...turn, waited: true }, now);
    }
    const recordedAt = Math.max(now, this.#recordedAt);
    const standing = { epoch: this.#epoch, head: this.#head, now, clock: this.#clock, recordedAt };
    const decision = decideWithin(room, this.#index, observation, standing);
    this.#index.apply(observation, decision);
    const { stampedAt } = this.#clock;
    for (const one of decision.lookAgain) this.#pending.keep(one, stampedAt);
    if (decision.turn !== null) this.#pending.keep(decision.turn, stampedAt);
    if (decision.changes.length > 0) this.#recordedAt = recordedAt;
    append(this.#changes, decision.changes);
    if (decision.outcome !== 'duplicate') this.#remember(observation);
    return decision.outcome;
  }

  /** Advances the ledger's clock. Returns the wall clock, ms since the epoch. */
  #tick(): number {
    const { clock } = this.#options;
    const now = clock.now();
    this.#clock = atWall(this.#clock, now, clock.monotonic() - this.#tickedAt);
    this.#tickedAt = clock.monotonic();
    return now;
  }

  #remember({ dedupeKey }: Observation): void {
    if (dedupeKey !== undefined && dedupeKey !== null) this.#index.remember(dedupeKey, this.#clock.stampedAt);
  }

  async defer(observations: readonly TagObserved[]): Promise<readonly PendingObservation[]> {
    this.#assertOpen('defer observations');
    if (this.#pending.size + observations.length > this.#limits.maxPending)
      throw refusePending(this.#pending.size, observations.length, this.#limits.maxPending);
    this.#tick();
    const kept: PendingObservation[] = [];
    for (const observation of observations) {
      if (isDuplicate(this.#index, observation, this.#clock)) continue;
      this.#remember(observation);
      kept.push(this.#pending.keep(observation, this.#clock.stampedAt));
    }
    return kept;
  }

  async claimPending(limit: number, leaseMs: number): Promise<readonly PendingObservation[]> {
    this.#assertOpen('claim pending observations');
    this.#tick();
    return this.#pending.claim(limit, this.#clock.stampedAt, leaseMs);
  }

  async claimTurns(limit: number, leaseMs: number): Promise<readonly Turn[]> {
    this.#assertOpen('claim turns');
    this.#tick();
    return this.#pending.claimTurns(limit, this.#clock.stampedAt, leaseMs);
  }

  async read(after: number, limit: number, filter: ReadFilter = {}): Promise<Page> {
    if (after < this.#floor || after > this.#head) throw refusePosition(after, await this.bounds());
    const wanted = filter.repositories && new Set(filter.repositories);
    const maxChanges = boundedLimit(limit);
    const from = after - this.#floor;
    const changes: Change[] = [];
    let next = after;
    for (const change of this.#changes.slice(from, from + this.#limits.maxScanned)) {
      if (changes.length === maxChanges) break;
      next = change.sequence;
      if (wanted === undefined || wanted.has(repositoryKey(change))) changes.push(change);
    }
    return { changes, next, atHead: next === this.#head };
  }

  async seek(time: number): Promise<number> {
    const at = this.#changes.findIndex((change) => change.recordedAt >= time);
    return at === -1 ? this.#head : this.#floor + at;
  }

  #log() {
    // Ages are as of now.
    this.#tick();
    const bounds = { epoch: this.#epoch, floor: this.#floor, head: this.#head };
    return { clock: this.#clock, bounds, changes: this.#changes };
  }

  async listTags(query: TagListQuery): Promise<TagListPage> {
    return this.#queries.listTags(query);
  }

  async tagNames(query: TagNamesQuery): Promise<TagNamesPage> {
    return this.#queries.tagNames(query);
  }

  async tagsAt(query: TagsAtQuery): Promise<TagListPage> {
    return this.#queries.tagsAt(query);
  }

  async states(names: readonly TagName[]): Promise<readonly (KnownTag | null)[]> {
    return this.#queries.states(names);
  }

  async digests(of: RepositoryName, digests: readonly Digest[]): Promise<readonly (KnownDigest | null)[]> {
    return this.#queries.digests(of, digests);
  }

  async history(query: HistoryQuery): Promise<HistoryPage> {
    return this.#queries.history(query);
  }

  async listRepositories(query: RepositoryListQuery): Promise<RepositoryListPage> {
    return this.#queries.listRepositories(query);
  }

  async lists(of: readonly RepositoryName[]): Promise<ListStates> {
    return this.#queries.lists(of);
  }

  async baselines(registry: string, repository: string): Promise<readonly string[]> {
    return this.#index.baselines(registry, repository);
  }

  tail(listener: (event: TailEvent) => void): () => void {
    return this.#tails.add(listener);
  }

  async check(): Promise<void> {
    this.#assertOpen('check the ledger');
  }

  async trim(): Promise<Bounds> {
    const { maxChanges, maxAgeMs } = this.#options.retention;
    const now = this.#tick();
    const hasStood = this.#standingTime.hasStood(now);
    const oldest = hasStood ? await this.seek(now - maxAgeMs) : this.#floor;
    const floor = Math.max(this.#floor, this.#head - maxChanges, oldest);
    this.#changes = this.#changes.slice(floor - this.#floor);
    this.#floor = floor;
    const stampedBefore = hasStood ? oldestStamp(this.#clock, maxAgeMs) : null;
    if (stampedBefore !== null) {
      this.#index.trim(stampedBefore);
      this.#targets.trim(stampedBefore, { clock: this.#clock });
    }
    return this.bounds();
  }

  async *exportRows(): AsyncGenerator<LedgerRow> {
    // All at once: the ledger may change while the caller reads.
    yield* this.#rows();
  }

  #rows(): readonly LedgerRow[] {
    const { stampedAt } = this.#clock;
    const standing = { floor: this.#floor, head: this.#head, recordedAt: this.#recordedAt, stampedAt };
    const rows: LedgerRow[] = [
      { row: 'header', format: transferFormat, epoch: this.#epoch, ...standing },
      ...this.#changes.map(({ epoch: _epoch, ...change }) => ({ row: 'change' as const, ...change })),
      ...this.#index.rows(),
      ...this.#pending.observations().map((observation) => ({ row: 'pending' as const, observation })),
      ...targetRows(this.#targetRows.all()),
    ];
    return [...rows, { row: 'end', rows: rows.length }];
  }

  async importRows(rows: AsyncIterable<LedgerRow>): Promise<void> {
    this.#assertOpen('import ledger');
    // Read all rows before applying the first, so that a bad row leaves nothing behind.
    const all: LedgerRow[] = [];
    for await (const row of wholeExport(rows)) all.push(row);
    // Targets count for nothing: they are claimed as soon as a gateway starts.
    const held = this.#rows().filter(({ row }) => row !== 'target');
    if (this.#head > 0 || held.length > 2) throw refuseNotEmpty(this.#head);
    for (const row of all) this.#import(row);
    this.#tails.emit({ kind: 'reset', bounds: await this.bounds(), reason: 'imported' });
  }

  #import(row: LedgerRow): void {
    switch (row.row) {
      case 'header':
        this.#epoch = row.epoch;
        this.#floor = row.floor;
        this.#recordedAt = row.recordedAt;
        this.#clock = importedClock(row);
        this.#tickedAt = this.#options.clock.monotonic();
        return;
      case 'change': {
        const { row: _row, ...change } = row;
        this.#changes.push({ epoch: this.#epoch, ...change });
        return;
      }
      case 'tag': {
        const { row: _row, ...tag } = row;
        return this.#index.putTag(tag);
      }
      case 'manifest': {
        const { row: _row, ...manifest } = row;
        return this.#index.putManifest(manifest);
      }
      case 'baseline':
        return this.#index.putBaseline(row, row.scope);
      case 'listed':
        return this.#index.putListMarks(row, row);
      case 'delivery':
        return this.#index.remember(row.key, row.at);
      case 'pending':
        return this.#pending.import(row.observation, this.#clock.stampedAt);
      case 'target':
        return this.#targets.import(row, this.#clock.stampedAt);
      case 'end':
        return;
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#tails.clear();
  }

  #assertOpen(action: string): void {
    if (this.#closed) throw unavailable(`${action}: the ledger is closed: must be open`);
  }
}
