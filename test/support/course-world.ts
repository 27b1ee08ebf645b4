/** A course with a clock that the test sets, a hub that feeds it in order, and a tool that keeps what it accepted. */
import type { TargetCursor } from '../../src/ledger/cursors.ts';
import type { Batch } from '../../src/target/course/batch.ts';
import { Course, type CourseRules, type Fate } from '../../src/target/course/course.ts';
import { type Entry, entryOf } from '../../src/target/course/entry.ts';
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
  /** What the hub has brought. */
  #brought = 0;

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
    this.log.push(entryOf(change, sequence, this.now, this.now));
  }

  /** The hub brings all that the course has room for. */
  bring(): void {
    while (this.#brought < this.log.length && !this.course.isFull) {
      const entry = this.log[this.#brought++];
      if (entry === undefined) return;
      this.course.arrive(entry, true, this.now);
      this.course.tell(entry.sequence);
    }
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
    this.#brought = this.saved.low;
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
      if (next === null && this.#brought === this.log.length) return this.save();
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
