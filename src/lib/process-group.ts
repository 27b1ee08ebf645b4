import type { ChildProcess } from 'node:child_process';

/**
 * Sends a signal to a child and all that it has started. The child must have been started `detached`; Windows has no
 * groups, so there only the child gets it.
 */
export function signalGroup(child: ChildProcess, signal: NodeJS.Signals, isWindows: boolean): void {
  if (child.pid === undefined) return;
  try {
    if (isWindows) child.kill(signal);
    else process.kill(-child.pid, signal);
  } catch {
    // The group is gone.
  }
}
