/** One run of a command, in a process group of its own. */
import { spawn } from 'node:child_process';
import type { Clock } from '../../../lib/clock.ts';
import { signalGroup } from '../../../lib/process-group.ts';

/** After TERM, the time until KILL, ms. */
export const graceMs = 10_000;

export interface Run {
  /** Program and arguments. */
  readonly command: readonly [string, ...string[]];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** For standard input. */
  readonly input: string;
  /** Null: none. */
  readonly timeoutMs: number | null;
}

/** Null: exit code 0. Otherwise what went wrong, as the second half of a sentence. */
export type Fault = string | null;

/** Runs one command after the other, or several at once. */
export type Runner = (run: Run, kill: AbortSignal) => Promise<Fault>;

/**
 * Runs commands of this system. Their output is that of this process. A command has its own process group, so that
 * Ctrl-C reaches this process alone, and a timeout reaches the command's children too.
 */
export function systemRunner(clock: Clock, isWindows: boolean): Runner {
  return (run, kill) =>
    new Promise((resolve) => {
      const [program, ...args] = run.command;
      const child = spawn(program, args, {
        stdio: ['pipe', 'inherit', 'inherit'],
        env: run.env,
        detached: !isWindows,
        windowsHide: true,
      });
      let isLate = false;
      const timers: (() => void)[] = [];
      const killNow = () => signalGroup(child, 'SIGKILL', isWindows);
      const done = (fault: Fault) => {
        for (const cancel of timers) cancel();
        kill.removeEventListener('abort', killNow);
        // What the command left running would go on after its time.
        if (isLate) killNow();
        resolve(isLate ? `no end within ${run.timeoutMs} ms` : fault);
      };
      child.once('error', (error) => done(spawnFault(error)));
      child.once('exit', (code, signal) => {
        if (code === 0) done(null);
        else done(code === null ? `ended by ${signal}` : `exit code ${code}`);
      });
      // A command need not read its input.
      child.stdin?.on('error', () => {});
      child.stdin?.end(run.input);
      kill.addEventListener('abort', killNow);
      if (kill.aborted) killNow();
      if (run.timeoutMs === null) return;
      timers.push(
        clock.after(run.timeoutMs, () => {
          isLate = true;
          signalGroup(child, 'SIGTERM', isWindows);
          timers.push(clock.after(graceMs, killNow));
        }),
      );
    });
}

const spawnFaults: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such program',
  EACCES: 'this user may not execute it',
  E2BIG: 'its arguments and variables are too long for this system',
};

/** Why a command could not even be started. */
function spawnFault(error: Error): string {
  const code = 'code' in error ? String(error.code) : '';
  return spawnFaults[code] ?? error.message;
}
