/** Reads another process's usage from the kernel. Elsewhere than on Linux figures are NaN, shown as a dash. */
import { readdirSync, readFileSync } from 'node:fs';

/**
 * CPU time of all threads so far, ms. It reads schedstat, because utime and stime in /proc/<pid>/stat have steps
 * of 10 ms, a tenth of one fan-out. It does not include threads that have ended.
 */
export function cpuMs(pid: number): number {
  let totalNs = 0;
  for (const thread of threads(pid)) {
    totalNs += Number(read(`/proc/${pid}/task/${thread}/schedstat`).split(' ')[0] || Number.NaN);
  }
  return totalNs === 0 ? Number.NaN : totalNs / 1e6;
}

function threads(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

/** Proportional set size, KiB: shared pages are divided, so that several servers stay comparable. */
export function pssKib(pid: number): number {
  return Number(/^Pss:\s+(\d+) kB/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1] ?? Number.NaN);
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
