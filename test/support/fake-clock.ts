import type { Clock } from '../../src/lib/clock.ts';

interface Timer {
  readonly dueAt: number;
  readonly order: number;
  readonly run: () => void;
}

export interface FakeClock extends Clock {
  /** Moves wall and monotonic time by `ms`. Timers that fall due run in order, each at its own time. */
  advance(ms: number): void;
  /** Sets only the wall clock, as an administrator or NTP does. */
  setWall(ms: number): void;
  readonly waiting: number;
  /** Resolves when at least `count` timers or sleeps wait. */
  untilWaiting(count: number): Promise<void>;
}

/** A clock that moves only when a test moves it. Wall time begins at `startAt`, by default 2026-01-01. */
export function fakeClock(startAt: number = Date.UTC(2026, 0, 1)): FakeClock {
  let elapsed = 0;
  let offset = startAt;
  let nextOrder = 0;
  const timers = new Set<Timer>();
  const watchers = new Set<{ readonly count: number; readonly resolve: () => void }>();

  const notify = () => {
    for (const watcher of watchers)
      if (timers.size >= watcher.count) {
        watchers.delete(watcher);
        watcher.resolve();
      }
  };
  const nextDue = (until: number) =>
    [...timers]
      .filter((timer) => timer.dueAt <= until)
      .sort((a, b) => a.dueAt - b.dueAt || a.order - b.order)[0];

  const clock: FakeClock = {
    now: () => offset + elapsed,
    monotonic: () => elapsed,
    after(delayMs, run) {
      const timer = { dueAt: elapsed + Math.max(delayMs, 0), order: nextOrder++, run };
      timers.add(timer);
      notify();
      return () => void timers.delete(timer);
    },
    sleep(delayMs, signal) {
      return new Promise((resolve) => {
        if (signal?.aborted) return resolve();
        const done = () => {
          cancel();
          signal?.removeEventListener('abort', done);
          resolve();
        };
        const cancel = clock.after(delayMs, done);
        signal?.addEventListener('abort', done, { once: true });
      });
    },
    advance(ms) {
      const until = elapsed + ms;
      for (let timer = nextDue(until); timer !== undefined; timer = nextDue(until)) {
        timers.delete(timer);
        elapsed = Math.max(elapsed, timer.dueAt);
        timer.run();
      }
      elapsed = until;
    },
    setWall(ms) {
      offset = ms - elapsed;
    },
    get waiting() {
      return timers.size;
    },
    untilWaiting(count) {
      return new Promise((resolve) => {
        watchers.add({ count, resolve });
        notify();
      });
    },
  };
  return clock;
}
