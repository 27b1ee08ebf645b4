import { PerformanceObserver } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';

/** Shorter turns are ignored, ms. */
const leastMs = 2;
/** Wait until the observer has reported the last collection, ms. */
const settleMs = 50;

interface Turn {
  readonly from: number;
  readonly to: number;
  readonly cpuMs: number;
}

/**
 * Watches how long code holds the event loop, in CPU time of the thread. Other processes and V8's collections do
 * not count. It keeps the loop turning all the time, so use it to find holds, not to measure load.
 *
 * @returns a function that stops it and resolves to the longest hold, ms
 */
export function watchHolds(): () => Promise<number> {
  const turns: Turn[] = [];
  const collections: { readonly from: number; readonly to: number }[] = [];
  const observer = new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries())
      collections.push({ from: startTime, to: startTime + duration });
  });
  observer.observe({ entryTypes: ['gc'] });
  let stopped = false;
  let from = performance.now();
  let cpuUs = cpuTimeUs();
  const turn = () => {
    if (stopped) return;
    const [to, usedUs] = [performance.now(), cpuTimeUs()];
    const cpuMs = (usedUs - cpuUs) / 1_000;
    if (cpuMs >= leastMs) turns.push({ from, to, cpuMs });
    [from, cpuUs] = [to, usedUs];
    setImmediate(turn);
  };
  setImmediate(turn);
  return async () => {
    stopped = true;
    await sleep(settleMs);
    observer.disconnect();
    return turns.reduce((longest, each) => Math.max(longest, withoutCollections(each, collections)), 0);
  };
}

function cpuTimeUs(): number {
  const { user, system } = process.threadCpuUsage();
  return user + system;
}

function withoutCollections(turn: Turn, collections: readonly { from: number; to: number }[]): number {
  const collected = collections
    .map(({ from, to }) => Math.min(to, turn.to) - Math.max(from, turn.from))
    .reduce((sum, overlap) => sum + Math.max(0, overlap), 0);
  return Math.max(0, turn.cpuMs - collected);
}
