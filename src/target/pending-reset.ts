import type { Random } from '../lib/random.ts';
import { begunAnew, type Failures, failedAgain, retryWaitMs } from './course/retries.ts';
import type { ResetDelivery, Verdict } from './kind.ts';
import type { ResetNotice } from './sink.ts';

/** A reset that the tool is still to be told of. Until then no cursor is saved, so that a kill cannot lose it. */
export class PendingReset {
  readonly notice: ResetNotice;
  /** When it was noticed, wall clock, ms since the epoch. */
  readonly atMs: number;
  /** When it was noticed, monotonic ms. */
  readonly since: number;
  #failures: Failures | null = null;
  isUnderWay = false;
  /** Not before that, monotonic ms. */
  retryAt = 0;

  constructor(notice: ResetNotice, nowMs: number, now: number) {
    this.notice = notice;
    this.atMs = nowMs;
    this.since = now;
  }

  /** @param nowMs wall clock */
  delivery(target: string, nowMs: number, repositories: ResetDelivery['repositories']): ResetDelivery {
    const { reason, position, floor } = this.notice;
    const attempt = (this.#failures?.count ?? 0) + 1;
    const common = { kind: 'reset', id: `reset-${position}`, target, attempt } as const;
    return { ...common, nowMs, reason, position, floor, atMs: this.atMs, repositories };
  }

  /** It is tried at once; if it fails again, its retries begin anew. */
  tryNow(): void {
    this.retryAt = 0;
    this.#failures = begunAnew(this.#failures);
  }

  /** An attempt ended. False: it is to be tried again. */
  settle(verdict: Verdict, now: number, maxAgeMs: number, random: Random): boolean {
    this.isUnderWay = false;
    if (verdict.kind !== 'retry' && verdict.kind !== 'stop') return true;
    this.#failures = failedAgain(this.#failures, now);
    const afterMs = verdict.kind === 'retry' ? (verdict.afterMs ?? 0) : 0;
    this.retryAt = now + retryWaitMs(this.#failures, afterMs, random);
    return now - this.since >= maxAgeMs;
  }
}
