import { formatPosition, type Position } from '../event/position.ts';
import type { TargetCursor } from '../ledger/cursors.ts';
import type { Clock } from '../lib/clock.ts';
import { Counts } from '../lib/counts.ts';
import type { Log } from '../lib/log.ts';
import { RareLog } from '../lib/rare-log.ts';
import type { Fate } from './course/course.ts';
import type { Entry } from './course/entry.ts';
import type { Move } from './course/move.ts';
import type { Verdict } from './kind.ts';
import type { Result, TargetMetrics } from './metrics.ts';
import type { ResetNotice } from './sink.ts';
import { SteadyTime } from './steady-time.ts';

/** A failed attempt, as operators see it. `at`: wall clock, ms since the epoch. */
interface Failure {
  readonly at: number;
  readonly result: 'retried' | 'refused' | 'stopped';
  /** No secret is in it. */
  readonly why: string;
}

interface AccountParts {
  /** The target's name. */
  readonly name: string;
  readonly metrics: TargetMetrics;
  readonly clock: Clock;
  readonly log: Log;
}

const failures = { retry: 'retried', refused: 'refused', stop: 'stopped' } as const;

/** What became of a target's changes since this gateway serves it: counted, logged, and kept for operators. */
export class Account {
  readonly counts = new Counts<Result>();
  /** When the tool last accepted, wall clock, ms since the epoch; null: not yet. */
  lastSuccess: number | null = null;
  lastFailure: Failure | null = null;
  /** For the time since when a change waits. */
  readonly dueTime: SteadyTime;
  /** For the time when what failed is tried again. */
  readonly retryTime: SteadyTime;
  #isFailing = false;
  readonly #parts: AccountParts;
  /** A tool that is down fails each of a thousand changes. */
  readonly #retries: RareLog;

  constructor(parts: AccountParts) {
    this.#parts = parts;
    this.#retries = new RareLog(parts.log, parts.clock);
    this.dueTime = new SteadyTime(parts.clock);
    this.retryTime = new SteadyTime(parts.clock);
  }

  /** An attempt ended. */
  verdict(verdict: Verdict, position: string): void {
    const { name, clock, log } = this.#parts;
    const { kind } = verdict;
    if (kind === 'accepted') {
      this.lastSuccess = clock.now();
      return;
    }
    const told = { target: name, position, why: verdict.why };
    if (kind === 'ignored') return log.debug(told, 'target: ignored');
    this.lastFailure = { at: clock.now(), result: failures[kind], why: verdict.why };
    if (kind !== 'refused') this.#count(failures[kind]);
    if (kind !== 'refused') this.#isFailing = true;
    if (kind === 'retry') this.#retries.warn(kind, told, 'target: retry');
    else log.warn(told, `target: ${kind}`);
  }

  /** The tool accepted, and nothing that failed waits any more. */
  recovered(): void {
    if (!this.#isFailing) return;
    this.#isFailing = false;
    this.#parts.log.info({ target: this.#parts.name }, 'target: succeeds again, nothing that failed waits');
  }

  /** A change needs nothing more. */
  fate({ change, bornAt }: Entry, fate: Fate): void {
    const { name, metrics, clock, log } = this.#parts;
    this.#count(fate);
    if (fate === 'accepted') metrics.latency(name, clock.monotonic() - bornAt);
    const told = { target: name, position: change.position };
    if (fate === 'expired') log.warn(told, 'target: change given up: too old');
    if (fate === 'overtaken') log.debug(told, 'target: change overtaken by a newer one of its tag');
  }

  /** @param lost changes that waited, and are void now @param tells whether the tool is told */
  reset({ reason, position }: ResetNotice, lost: number, tells: boolean): void {
    const { name, log } = this.#parts;
    this.#count('reset');
    this.#count('lost', lost);
    log.warn({ target: name, reason, position, lost, tells }, 'target: changes may have been missed');
  }

  /** Its position cannot be saved now: it starts nothing more until it can. */
  unsaved(why: string): void {
    this.lastFailure = { at: this.#parts.clock.now(), result: 'retried', why: `save position: ${why}` };
  }

  /** An operator moved it. @param skipped changes that waited, and are given up */
  moved(move: Move, from: TargetCursor, to: Position, skipped: number): void {
    this.#count('skipped', skipped);
    this.#parts.log.info({ ...this.#between(from, to), skipped }, `target: ${move}, as an operator wants`);
  }

  /** It went on meanwhile, so that what an operator wants would move it the wrong way. */
  stayed(move: Move, from: TargetCursor, to: Position): void {
    const where = move === 'replay' ? 'is not there yet' : 'is past that';
    this.#parts.log.warn(this.#between(from, to), `target: ${move} left out: it ${where}`);
  }

  #between(from: TargetCursor, to: Position) {
    const positions = {
      from: formatPosition(from.epoch, from.low),
      to: formatPosition(to.epoch, to.sequence),
    };
    return { target: this.#parts.name, ...positions };
  }

  #count(result: Result, by = 1): void {
    this.#parts.metrics.count(this.#parts.name, result, by);
    if (by > 0) this.counts.add(result, by);
  }
}
