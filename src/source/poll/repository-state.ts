import type { Memo } from './memo.ts';
import type { WatchOptions } from './options.ts';

/** What this gateway keeps of a polled repository; the schedule has the rest. There may be 100,000. */
export class RepositoryState {
  watch: WatchOptions | null = null;
  /** Null: nobody asks. */
  demand: readonly string[] | null = null;
  /** A repository that nobody asks for is polled until this, monotonic ms. */
  lingerUntil = 0;
  /** ms since the epoch; 0: never. */
  lastLookAt = 0;
  lastSeenAt = 0;
  nextLookAt = 0;
  intervalMs = 0;
  failures = 0;
  lastError: string | null = null;

  /** @param error null: everything was seen */
  looked(now: number, nextLookAt: number, memo: Memo, error: Error | null): void {
    this.lastLookAt = now;
    if (error === null) this.lastSeenAt = now;
    this.nextLookAt = nextLookAt;
    this.intervalMs = memo.intervalMs;
    this.failures = memo.failures;
    this.lastError = error === null ? null : error.message.slice(0, 300);
  }
}

/** A repository as `GET /v1/upstreams` shows it; times in RFC 3339, null: never. */
export interface RepositoryReport {
  readonly repository: string;
  readonly watched: boolean;
  readonly scopes: readonly string[];
  /** Successful or not. */
  readonly lastLook: string | null;
  /** The last look that saw everything it wanted to. */
  readonly lastSeen: string | null;
  readonly nextLook: string | null;
  readonly intervalMs: number;
  readonly failures: number;
  readonly lastError: string | null;
}

/** The report of a repository. */
export function reportOf(repository: string, state: RepositoryState): RepositoryReport {
  return {
    repository,
    watched: state.watch !== null,
    scopes: scopesOf(state),
    lastLook: isoTime(state.lastLookAt),
    lastSeen: isoTime(state.lastSeenAt),
    nextLook: isoTime(state.nextLookAt),
    intervalMs: Math.round(state.intervalMs),
    failures: state.failures,
    lastError: state.lastError,
  };
}

/** What configuration and subscribers of this gateway ask for. */
export function scopesOf(state: RepositoryState): readonly string[] {
  return [...new Set([...(state.watch?.tags ?? []), ...(state.demand ?? [])])];
}

function isoTime(time: number): string | null {
  return time === 0 ? null : new Date(time).toISOString();
}
