/** A course with a clock that the test sets, a hub that feeds it in order, and a tool that keeps what it accepted. */
import type { TargetCursor } from '../../src/ledger/cursors.ts';
import type { Batch } from '../../src/target/course/batch.ts';
import { Course, type CourseRules, type Fate } from '../../src/target/course/course.ts';
import { arrivalOf, type Entry, entryOf } from '../../src/target/course/entry.ts';
import type { Verdict } from '../../src/target/kind.ts';
import { wireChange } from './target-samples.ts';

export const plainRules: CourseRules = {
  coalesceMs: 0,
  minAgeMs: 0,
  maxAgeMs: 86_400_000,
  concurrency: 4,
};

const epoch = 'abcdefgh';

export class CourseWorld {
  now = 1_000_000;
  readonly rules: CourseRules;
  /** All changes, by sequence − 1. */
  readonly log: Entry[] = [];
  /** Sequences, in the order in which the tool accepted them. */
  readonly accepted: number[] = [];
  readonly fates = new Map<number, Fate>();
  saved: TargetCursor = { epoch, low: 0, done: [] };
  course: Course;
  underWay: Batch[] = [];
  /** What the hub is still to bring, in order. */
  #held: Entry[] = [];

  constructor(rules: Partial<CourseRules> = {}) {
    this.rules = { ...plainRules, ...rules };
    this.course = this.#open();
  }

  /** A change is recorded now. */
  publish(tag: string, repository = 'team/app'): void {
    const sequence = this.log.length + 1;
    const position = `${epoch}-${sequence}`;
    const recordedAt = new Date(this.now).toISOString();
    const change = wireChange({ position, tag, repository, recordedAt });
    const entry = entryOf(arrivalOf(change, sequence), this.now, this.now);
    this.log.push(entry);
    this.#held.push(entry);
  }

  /** The hub brings all that the course has room for. */
  bring(): void {
    while (this.#held.length > 0 && !this.course.isFull) this.bringOne(0);
  }

  /** The hub brings one change before earlier ones of other tags, which the pace holds back. */
  bringOne(at: number): void {
    const entry = this.#held[at];
    if (entry === undefined || this.course.isFull) return;
    const first = this.#held.findIndex(({ subject }) => subject === entry.subject);
    const [brought] = this.#held.splice(first, 1);
    if (brought === undefined) return;
    this.course.arrive(brought, true, this.now);
    this.course.tell((this.#held[0]?.sequence ?? this.log.length + 1) - 1);
  }

  /** Starts one delivery. */
  start(): Batch | null {
    const batch = this.course.start(this.now);
    if (batch !== null) this.underWay.push(batch);
    return batch;
  }

  startAll(): readonly Batch[] {
    for (;;) if (this.start() === null) return [...this.underWay];
  }

  settle(verdict: Verdict, at = 0): void {
    const [batch] = this.underWay.splice(at, 1);
    if (batch === undefined) return;
    if (verdict.kind === 'accepted') this.accepted.push(...batch.newest().map(({ sequence }) => sequence));
    this.course.settle(batch, verdict, this.now);
  }

  save(): void {
    this.saved = this.course.cursor();
  }

  /** Killed, and started again from what was saved. */
  crash(): void {
    this.underWay = [];
    this.#held = this.log.filter(({ sequence }) => sequence > this.saved.low);
    this.course = this.#open();
  }

  /** From now on the tool accepts everything. */
  finish(): void {
    this.course.halt(false);
    for (;;) {
      this.bring();
      this.startAll();
      while (this.underWay.length > 0) this.settle({ kind: 'accepted' });
      const next = this.course.nextAt(this.now);
      if (next === null && this.#held.length === 0) return this.save();
      this.now = next ?? this.now;
    }
  }

  tags(batch: Batch | null | undefined): readonly (string | null)[] {
    return batch?.newest().map(({ change }) => change.tag) ?? [];
  }

  #open(): Course {
    return new Course({
      ...{ cursor: this.saved, rules: this.rules, random: () => 0.5 },
      onFate: ({ sequence }, fate) => this.fates.set(sequence, fate),
    });
  }
}
