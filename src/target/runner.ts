/**
 * Serves one target whose lease this gateway has: brings the hub's changes into a course, lets the tool try what the
 * course says, and saves how far it is.
 */
import { formatPosition } from '../event/position.ts';
import type { HeldTarget, TargetCursor, TargetWish } from '../ledger/cursors.ts';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { Random } from '../lib/random.ts';
import { Account } from './account.ts';
import type { Batch } from './course/batch.ts';
import { Course } from './course/course.ts';
import { type Arrival, entryOf } from './course/entry.ts';
import { movedTo, moveOf } from './course/move.ts';
import { HubLink, type TargetHub } from './hub-link.ts';
import type { IndexQuestions } from './index-questions.ts';
import type { ChangeDelivery, Verdict } from './kind.ts';
import type { TargetMetrics } from './metrics.ts';
import { PendingReset } from './pending-reset.ts';
import { type Save, Saver } from './saver.ts';
import { type ResetNotice, sequenceOf } from './sink.ts';
import { stateOf, type TargetState } from './state.ts';
import type { Target } from './target.ts';
import type { Tool } from './tool.ts';
import type { Turns } from './turns.ts';
import { withdrawOver } from './withdraw.ts';

export interface RunnerParts {
  readonly target: Target;
  readonly tool: Tool;
  readonly hub: TargetHub;
  readonly metrics: TargetMetrics;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly save: Save;
  readonly index: IndexQuestions;
  readonly turns: Turns;
  /** Whether the lease is certainly still ours. */
  readonly mayStart: () => boolean;
  /** Another gateway has the lease. */
  readonly onLost: () => void;
  /** The hub ends: the target should go to another gateway. */
  readonly onDraining: () => void;
  /** The tool wants no more. */
  readonly onDisabled: (why: string) => void;
}

export class Runner {
  readonly #parts: RunnerParts;
  readonly account: Account;
  readonly #saver: Saver;
  #wish: TargetWish;
  #course: Course;
  readonly #link: HubLink;
  #reset: PendingReset | null = null;
  #tookGoTo = 0;
  #isClosed = false;
  #closing: Promise<void> | null = null;
  #isPumpDue = false;
  #cancelTimer: () => void = () => {};
  #idle: (() => void) | null = null;
  #underWay = 0;

  constructor(held: HeldTarget, parts: RunnerParts) {
    this.#parts = parts;
    this.#wish = held.wish;
    this.account = new Account({ ...parts, name: parts.target.name });
    this.#saver = new Saver({
      ...{ ...parts, name: parts.target.name, cursor: () => this.#toSave() },
      onFailed: (why) => this.account.unsaved(why),
      onSavedAgain: () => this.#schedule(),
      maxUnsaved: parts.target.rules.concurrency,
    });
    this.#course = this.#courseAt(held.cursor);
    this.#link = new HubLink({
      ...{ ...parts, cursor: () => this.#course.cursor() },
      receiver: {
        take: (arrival, resume) => this.#take(arrival, resume),
        passed: (sequence) => this.#passed(sequence),
        reset: (notice) => this.#onReset(notice),
      },
    });
  }

  get wish(): TargetWish {
    return this.#wish;
  }

  get state(): TargetState {
    const { retryAt, waiting } = this;
    return stateOf({ wish: this.#wish, underWay: this.#underWay, retryAt, waiting });
  }

  /** When what failed is tried again, monotonic ms; null: nothing failed. */
  get retryAt(): number | null {
    return this.#reset?.retryAt || this.#course.retryAt;
  }

  get waiting(): number {
    return this.#course.waiting;
  }

  /** When the oldest of what the tool is still to be told of was due, monotonic ms; null: nothing is due. */
  get dueSince(): number | null {
    const dueSince = this.#course.dueSince(this.#parts.clock.monotonic());
    if (this.#reset === null) return dueSince;
    return Math.min(this.#reset.since, dueSince ?? Number.POSITIVE_INFINITY);
  }

  cursor(): TargetCursor {
    return this.#course.cursor();
  }

  /** @param isLost the ledger has lost where it was: a reset, and then all that the ledger has. Default: it has not */
  start(isLost = false): void {
    const { goTo } = this.#wish;
    this.#course.halt(this.#isHalted);
    if (isLost) this.#beginAnew();
    if (goTo === null) this.#link.open();
    else this.#goTo(goTo);
  }

  /** What an operator wants, as the ledger has it now. */
  obey(wish: TargetWish): void {
    if (this.#isClosed || wish.number <= this.#wish.number) return this.#schedule();
    this.#wish = wish;
    this.#course.halt(this.#isHalted);
    if (!this.#isHalted) {
      this.#reset?.tryNow();
      this.#course.tryNow();
    }
    if (wish.goTo !== null && wish.goTo.number !== this.#tookGoTo) this.#goTo(wish.goTo);
    this.#schedule();
  }

  /** Starts nothing more; waits for what is under way, saves, and ends. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelTimer();
    this.#link.close();
    if (this.#underWay > 0)
      await new Promise<void>((resolve) => {
        this.#idle = resolve;
      });
    await this.#saver.close();
  }

  get #isHalted(): boolean {
    return this.#wish.paused || this.#wish.disabled !== null;
  }

  #courseAt(cursor: TargetCursor): Course {
    const { target, random } = this.#parts;
    return new Course({
      ...{ cursor, rules: target.rules, random },
      onFate: (entry, fate) => {
        this.account.fate(entry, fate);
        // What was given up is done too.
        this.#saver.mark();
      },
    });
  }

  #take(arrival: Arrival, resume: number): boolean {
    const { clock, target } = this.#parts;
    const now = clock.monotonic();
    const entry = entryOf(arrival, clock.now(), now);
    this.#course.arrive(entry, target.types.has(entry.change.type), now);
    // What it does not want moves it on too. What waits will, once it is done.
    if (this.#course.waiting === 0) this.#passed(resume);
    else this.#course.tell(resume);
    this.#schedule();
    return !this.#course.isFull;
  }

  #passed(sequence: number): void {
    const before = this.#course.low;
    this.#course.tell(sequence);
    if (this.#course.low > before) this.#saver.mark();
  }

  #onReset(notice: ResetNotice): void {
    const { target, clock } = this.#parts;
    const epoch = notice.position.slice(0, notice.position.lastIndexOf('-'));
    const low = sequenceOf(notice.position);
    const isSame = epoch === this.#course.cursor().epoch;
    const tells = target.kind.reset !== undefined;
    this.account.reset(notice, isSame ? 0 : this.#course.waiting, tells);
    // In the same epoch, what waits still stands.
    if (isSame) this.#course.tell(low);
    else {
      this.#course = this.#courseAt({ epoch, low, done: [] });
      this.#course.halt(this.#isHalted);
    }
    if (tells) this.#reset = new PendingReset(notice, clock.now(), clock.monotonic());
    else this.#saver.mark();
    this.#schedule();
  }

  /** What came since the loss is not skipped: of kinds that are told of no resets, it would be lost too. */
  #beginAnew(): void {
    const { epoch } = this.#course.cursor();
    const position = formatPosition(epoch, 0);
    this.#course = this.#courseAt({ epoch, low: 0, done: [] });
    this.#course.halt(this.#isHalted);
    this.#onReset({ kind: 'reset', id: '', reason: 'continuity-lost', position, floor: position });
  }

  #goTo(to: NonNullable<TargetWish['goTo']>): void {
    this.#tookGoTo = to.number;
    const at = this.#course.cursor();
    const move = moveOf(this.#wish);
    const moved = movedTo(at, to, move);
    this.#link.close();
    if (moved === null) this.account.stayed(move, at, to);
    if (moved !== null || move === 'skip') this.#reset = null;
    if (moved !== null) {
      const isSame = moved.epoch === at.epoch;
      const skipped = isSame ? this.#course.waitingUpTo(moved.low) : this.#course.waiting;
      this.account.moved(move, at, to, skipped);
      this.#course = this.#courseAt(moved);
      this.#course.halt(this.#isHalted);
    }
    this.#saver.mark(to.number);
    this.#link.open();
  }

  /** While the tool is to be told of a reset, the old cursor stays, so that a kill repeats the reset. */
  #toSave(): TargetCursor | null {
    return this.#reset === null ? this.#course.cursor() : null;
  }

  /** Soon, not now: the hub may be in the middle of its work. */
  #schedule(): void {
    if (this.#isPumpDue || this.#isClosed) return;
    this.#isPumpDue = true;
    this.#parts.turns.soon(() => {
      this.#isPumpDue = false;
      this.#pump();
    });
  }

  #pump(): void {
    const { clock, mayStart } = this.#parts;
    this.#cancelTimer();
    // After a renewal of the lease it goes on; and once it can save, so that a kill repeats no more than it has to.
    if (this.#isClosed || !mayStart() || this.#saver.mustWait) return;
    // Before it was moved, something began that is not over: nothing overlaps it.
    if (this.#underWay > this.#course.underWay + (this.#reset?.isUnderWay ? 1 : 0)) return;
    const now = clock.monotonic();
    const { rate } = this.#parts.tool;
    if (this.#reset !== null) {
      if (this.#isHalted || this.#reset.isUnderWay) return;
      const at = Math.max(this.#reset.retryAt, rate.restsUntil);
      if (at > now) return this.#wakeAt(at);
      rate.started(now);
      return void this.#tellReset(this.#reset);
    }
    for (let batch = this.#start(now); batch !== null; batch = this.#start(now))
      void this.#deliver(this.#course, batch);
    // What was done or given up may have made room.
    if (!this.#course.isFull) this.#link.drained();
    const next = this.#course.nextAt(now);
    if (next !== null) this.#wakeAt(Math.max(next, rate.restsUntil));
  }

  #start(now: number): Batch | null {
    const { rate } = this.#parts.tool;
    const batch = rate.restsUntil > now ? null : this.#course.start(now);
    if (batch !== null) rate.started(now);
    return batch;
  }

  #wakeAt(at: number): void {
    const { clock } = this.#parts;
    this.#cancelTimer = clock.after(Math.max(0, at - clock.monotonic()), () => this.#schedule());
  }

  async #deliver(course: Course, batch: Batch): Promise<void> {
    const position = batch.changes()?.at(-1)?.position ?? '';
    const verdict = await this.#try(() => this.#attempt(course, batch));
    // Null: nothing was left to send. Else it may have been moved meanwhile.
    if (verdict === null || course !== this.#course) return this.#schedule();
    this.account.verdict(verdict, position);
    course.settle(batch, verdict, this.#parts.clock.monotonic());
    if (verdict.kind === 'accepted' && this.retryAt === null) this.account.recovered();
    if (verdict.kind !== 'retry' && verdict.kind !== 'stop') this.#saver.delivered();
    if (verdict.kind === 'stop') this.#disable(verdict.why);
    this.#schedule();
  }

  async #attempt(course: Course, batch: Batch): Promise<Verdict | null> {
    const { target, tool, clock, mayStart } = this.#parts;
    if (target.rules.minAgeMs > 0) {
      const failure = await withdrawOver(batch, this.#parts.index, (isOver) => {
        if (course === this.#course) course.withdraw(batch, isOver);
      });
      if (failure !== null) return failure;
      // That may have taken long: another gateway may have sent it meanwhile.
      if (!mayStart()) return { kind: 'retry', why: 'the lease of the target is not certain now' };
    }
    const changes = batch.changes();
    const change = changes?.at(-1);
    if (changes === null || change === undefined) return null;
    const id = this.#wish.replay === null ? change.position : `${change.position}-${this.#wish.replay}`;
    const attempt = { id, target: target.name, attempt: batch.attempts + 1, nowMs: clock.now() };
    const delivery: ChangeDelivery = { ...attempt, kind: 'changes', change, changes };
    return tool.deliver(delivery);
  }

  async #tellReset(reset: PendingReset): Promise<void> {
    const { target, tool, clock, random, index } = this.#parts;
    reset.isUnderWay = true;
    const repositories = () => index.repositoriesOf(target.filter);
    const delivery = reset.delivery(target.name, clock.now(), repositories);
    const verdict = await this.#try(() => tool.reset(delivery));
    const isDone = reset.settle(verdict, clock.monotonic(), target.rules.maxAgeMs, random);
    if (reset !== this.#reset) return this.#schedule();
    this.account.verdict(verdict, reset.notice.position);
    if (verdict.kind === 'stop') this.#disable(verdict.why);
    else if (isDone) {
      this.#reset = null;
      this.#saver.mark();
    }
    this.#schedule();
  }

  async #try<Result>(work: () => Promise<Result>): Promise<Result> {
    this.#underWay++;
    try {
      return await work();
    } finally {
      this.#underWay--;
      // After the caller has settled it.
      if (this.#underWay === 0 && this.#idle !== null) setImmediate(this.#idle);
    }
  }

  #disable(why: string): void {
    this.#wish = { ...this.#wish, disabled: why };
    this.#course.halt(true);
    this.#parts.onDisabled(why);
  }
}
