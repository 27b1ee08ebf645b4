/**
 * What one target does next: a state machine without I/O. Changes, verdicts and the clock come in; which delivery to
 * start, and what may be saved, comes out.
 *
 * Order holds per subject (a tag): of each, one delivery at a time. A delivery that fails holds back only its own
 * subjects. With coalescing, what comes for a repository within the window is one delivery, and newer changes of its
 * subjects join a delivery that waits to be tried again.
 */
import type { TargetCursor } from '../../ledger/cursors.ts';
import type { Random } from '../../lib/random.ts';
import type { Verdict } from '../kind.ts';
import { Batch } from './batch.ts';
import type { Entry } from './entry.ts';
import { Progress } from './progress.ts';
import { begunAnew, failedAgain, retryWaitMs } from './retries.ts';
import { Standing } from './standing.ts';

export interface CourseRules {
  /** 0: each change is a delivery. */
  readonly coalesceMs: number;
  /** A change waits until it is so old; one that a newer one of its subject follows meanwhile is overtaken. */
  readonly minAgeMs: number;
  /** An older change is given up. */
  readonly maxAgeMs: number;
  /** Deliveries under way at once, ≥ 1. */
  readonly concurrency: number;
}

/** What became of a change. `overtaken`: a newer one of its tag took its place. `expired`: too old. */
export type Fate = 'accepted' | 'ignored' | 'refused' | 'overtaken' | 'expired';

interface CourseOptions {
  /** Where it begins. */
  readonly cursor: TargetCursor;
  readonly rules: CourseRules;
  readonly random: Random;
  /** Told of each change that needs nothing more. */
  readonly onFate: (entry: Entry, fate: Fate) => void;
}

/** What waits, in order: of a repository with coalescing, else of a subject. */
interface Group {
  readonly entries: Entry[];
  /** When its window began, monotonic ms. */
  openedAt: number;
}

/** All times are monotonic ms. */
export class Course {
  readonly #options: CourseOptions;
  readonly #progress: Progress;
  readonly #groups = new Map<string, Group>();
  /** By subject: the delivery that is under way, or waits to be tried again. */
  readonly #busy = new Map<string, Batch>();
  readonly #underWay = new Set<Batch>();
  readonly #retrying = new Set<Batch>();
  readonly #standing = new Standing();
  #halted = false;

  constructor(options: CourseOptions) {
    this.#options = options;
    this.#progress = new Progress(options.cursor);
  }

  get isFull(): boolean {
    return this.#progress.isFull;
  }

  /** Changes that wait or are under way. */
  get waiting(): number {
    return this.#progress.waiting;
  }

  /** Everything at or before it is done. */
  get low(): number {
    return this.#progress.low;
  }

  get underWay(): number {
    return this.#underWay.size;
  }

  /** When the next failed delivery is tried again; null: none has failed. */
  get retryAt(): number | null {
    const times = [...this.#retrying].map(({ retryAt }) => retryAt);
    return times.length === 0 ? null : Math.min(...times);
  }

  /** When the oldest change that is not done was due: when it came, or had stood for the least age. Null: none is due. */
  dueSince(now: number): number | null {
    const { oldest } = this.#progress;
    if (oldest === null) return null;
    const dueAt = oldest + this.#options.rules.minAgeMs;
    return dueAt <= now ? dueAt : null;
  }

  cursor(): TargetCursor {
    return this.#progress.cursor();
  }

  /** Changes that wait at or before this sequence. */
  waitingUpTo(sequence: number): number {
    return this.#progress.waitingUpTo(sequence);
  }

  /** While halted, nothing is started. */
  halt(halted: boolean): void {
    this.#halted = halted;
  }

  /** What failed is tried at once; if it fails again, its retries begin anew. */
  tryNow(): void {
    for (const batch of this.#retrying) batch.retryAt = 0;
    for (const batch of [...this.#retrying, ...this.#underWay]) batch.failures = begunAnew(batch.failures);
    this.#standing.clear();
  }

  /** The hub brings nothing at or before this sequence any more. */
  tell(sequence: number): void {
    this.#progress.tell(sequence);
  }

  /** @param isWanted false: it only overtakes others, because it is of a type that the target does not ask for */
  arrive(entry: Entry, isWanted: boolean, now: number): void {
    if (!this.#progress.take(entry.sequence, entry.bornAt)) return;
    const { coalesceMs, minAgeMs } = this.#options.rules;
    const key = coalesceMs > 0 ? entry.repository : entry.subject;
    if (minAgeMs > 0) this.#overtake(key, entry.subject);
    if (!isWanted) return this.#progress.finish(entry.sequence);
    const busy = this.#busy.get(entry.subject);
    if (this.#joins && busy !== undefined && this.#retrying.has(busy)) return busy.add(entry);
    const group = this.#groups.get(key);
    if (group === undefined) this.#groups.set(key, { entries: [entry], openedAt: now });
    else group.entries.push(entry);
  }

  /** What to send now; null: nothing. It is under way until `settle`. */
  start(now: number): Batch | null {
    if (this.#halted || this.#underWay.size >= this.#options.rules.concurrency) return null;
    if (this.#standing.restsUntil > now) return null;
    const fresh = this.#standing.prefersFresh ? this.#dueFresh(now) : null;
    const batch = fresh ?? this.#dueRetry(now) ?? this.#dueFresh(now);
    if (batch === null) return null;
    this.#standing.started(now);
    this.#underWay.add(batch);
    for (const { subject } of batch.entries) this.#busy.set(subject, batch);
    return batch;
  }

  /** Takes changes that are no longer current out of a delivery that `start` gave; without any, it is over. */
  withdraw(batch: Batch, isOver: (entry: Entry) => boolean): void {
    this.#drop(batch, 'overtaken', isOver);
    if (batch.entries.length === 0) this.#underWay.delete(batch);
  }

  /** The verdict of a delivery that `start` gave. `stop` leaves it to be tried again; the caller halts. */
  settle(batch: Batch, verdict: Verdict, now: number): void {
    this.#underWay.delete(batch);
    if (verdict.kind === 'retry' || verdict.kind === 'stop') {
      this.#standing.failed();
      return this.#failed(batch, verdict, now);
    }
    this.#standing.clear();
    const newest = new Set(batch.newest());
    this.#release(batch);
    for (const entry of batch.entries) this.#finish(entry, newest.has(entry) ? verdict.kind : 'overtaken');
  }

  /** When `start` may have something without an arrival or a verdict; null: never. */
  nextAt(now: number): number | null {
    if (this.#halted || this.#underWay.size >= this.#options.rules.concurrency) return null;
    let next = this.retryAt ?? Number.POSITIVE_INFINITY;
    for (const group of this.#groups.values()) {
      next = Math.min(next, this.#dueAt(group));
      if (next <= now) break;
    }
    return next === Number.POSITIVE_INFINITY ? null : Math.max(next, now, this.#standing.restsUntil);
  }

  #failed(batch: Batch, verdict: Verdict, now: number): void {
    const { rules, random } = this.#options;
    batch.failures = failedAgain(batch.failures, now);
    const afterMs = verdict.kind === 'retry' ? (verdict.afterMs ?? 0) : 0;
    const retryAt = now + retryWaitMs(batch.failures, afterMs, random);
    // Not later than it expires, so that it is given up in time.
    const youngest = Math.max(...batch.entries.map(({ bornAt }) => bornAt));
    batch.retryAt = Math.min(retryAt, Math.max(now, youngest + rules.maxAgeMs));
    this.#retrying.add(batch);
    if (this.#joins) this.#absorb(batch);
  }

  /** Whether newer changes join a delivery that failed. Not those that have to stand for a while first. */
  get #joins(): boolean {
    return this.#options.rules.coalesceMs > 0 && this.#options.rules.minAgeMs === 0;
  }

  /** Newer changes of its subjects join a delivery that failed. */
  #absorb(batch: Batch): void {
    const subjects = new Set(batch.entries.map(({ subject }) => subject));
    const key = batch.entries[0]?.repository ?? '';
    const group = this.#groups.get(key);
    if (group === undefined) return;
    for (const entry of group.entries) if (subjects.has(entry.subject)) batch.add(entry);
    this.#leave(key, group, (entry) => !subjects.has(entry.subject));
  }

  #dueRetry(now: number): Batch | null {
    const due = [...this.#retrying].filter(({ retryAt }) => retryAt <= now);
    const bornBefore = now - this.#options.rules.maxAgeMs;
    for (const batch of due.sort((a, b) => a.retryAt - b.retryAt)) {
      this.#drop(batch, 'expired', ({ bornAt }) => bornAt <= bornBefore);
      if (this.#retrying.delete(batch)) return batch;
    }
    return null;
  }

  /** Gives up entries of a delivery; one that failed goes without any. */
  #drop(batch: Batch, fate: Fate, isDropped: (entry: Entry) => boolean): void {
    const dropped = batch.take(isDropped);
    const left = new Set(batch.entries.map(({ subject }) => subject));
    for (const { subject } of dropped) if (!left.has(subject)) this.#busy.delete(subject);
    if (batch.entries.length === 0) this.#retrying.delete(batch);
    for (const entry of dropped) this.#finish(entry, fate);
  }

  #dueFresh(now: number): Batch | null {
    for (const [key, group] of this.#groups) {
      this.#expire(key, group, now);
      if (group.entries.length === 0 || this.#dueAt(group) > now) continue;
      const chosen = new Set(this.#eligible(group, now));
      if (chosen.size === 0) continue;
      group.openedAt = now;
      this.#leave(key, group, (entry) => !chosen.has(entry));
      // So that groups take turns.
      if (this.#groups.delete(key) && group.entries.length > 0) this.#groups.set(key, group);
      return new Batch([...chosen]);
    }
    return null;
  }

  /** When something of the group can be started; infinite: only after a verdict. */
  #dueAt(group: Group): number {
    const { coalesceMs, minAgeMs } = this.#options.rules;
    const candidates = coalesceMs > 0 ? group.entries : group.entries.slice(0, 1);
    let next = Number.POSITIVE_INFINITY;
    for (const { subject, bornAt } of candidates)
      if (!this.#busy.has(subject)) next = Math.min(next, bornAt + minAgeMs);
    return Math.max(next, group.openedAt + coalesceMs);
  }

  #eligible({ entries }: Group, now: number): readonly Entry[] {
    const { coalesceMs, minAgeMs } = this.#options.rules;
    const candidates = coalesceMs > 0 ? entries : entries.slice(0, 1);
    return candidates.filter(({ subject, bornAt }) => !this.#busy.has(subject) && bornAt + minAgeMs <= now);
  }

  #expire(key: string, group: Group, now: number): void {
    const bornBefore = now - this.#options.rules.maxAgeMs;
    const expired = group.entries.filter(({ bornAt }) => bornAt <= bornBefore);
    if (expired.length === 0) return;
    this.#leave(key, group, ({ bornAt }) => bornAt > bornBefore);
    for (const entry of expired) this.#finish(entry, 'expired');
  }

  #overtake(key: string, subject: string): void {
    const isOlder = (entry: Entry) => entry.subject === subject;
    const busy = this.#busy.get(subject);
    if (busy !== undefined && this.#retrying.has(busy)) this.#drop(busy, 'overtaken', isOlder);
    const group = this.#groups.get(key);
    if (group === undefined) return;
    const older = group.entries.filter(isOlder);
    this.#leave(key, group, (entry) => !isOlder(entry));
    for (const entry of older) this.#finish(entry, 'overtaken');
  }

  /** Keeps some entries of a group; without any it goes. */
  #leave(key: string, group: Group, stays: (entry: Entry) => boolean): void {
    const left = group.entries.filter(stays);
    group.entries.splice(0, group.entries.length, ...left);
    if (left.length === 0) this.#groups.delete(key);
  }

  #release(batch: Batch): void {
    for (const { subject } of batch.entries) this.#busy.delete(subject);
  }

  #finish(entry: Entry, fate: Fate): void {
    this.#progress.finish(entry.sequence);
    this.#options.onFate(entry, fate);
  }
}
