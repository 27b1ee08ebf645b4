/**
 * Processes that a test starts. All that they say is kept. A wait for them ends when they do, so that a test whose
 * process dies fails at once, in the words of the process.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { patienceMs } from './inbox.ts';
import { until } from './until.ts';

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface ChildOptions {
  /** The whole environment. Default: that of the test. */
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Its standard input. Default: it has none. */
  readonly input?: string;
  /** Whether it leads a process group of its own, which a test can end as a whole. Default: no. */
  readonly detached?: boolean;
}

export interface Child {
  readonly process: ChildProcess;
  /** What it wrote to its standard output. */
  out(): string;
  /** What it wrote to its standard error. */
  err(): string;
  /** Both, as they came. */
  output(): string;
  /** Resolves when it has ended and all that it said has been read. */
  readonly ended: Promise<Ended>;
  /** Waits until `probe` returns true. Rejects at once when the process ends without that. Default: `patienceMs`. */
  until(what: string, probe: () => Promise<boolean> | boolean, timeoutMs?: number): Promise<void>;
  /** Waits until it has said that. Rejects as `until` does. */
  says(part: string, timeoutMs?: number): Promise<void>;
  /** Sends a signal. Resolves when it has ended. */
  stop(signal: NodeJS.Signals): Promise<void>;
}

/** Sends a signal to the process and its children. It must be `detached`, and is left alone if it has ended. */
export function endGroup({ process: { pid } }: Child, signal: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, signal);
  } catch {
    // All of the group has ended.
  }
}

/** Whether a process runs; 0: this one's group. */
export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Killed when this process exits, so that an aborted run leaves nothing behind. */
const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** The characters of an output that a failed wait shows: its end. */
const shown = 2_000;

export function startChild(program: string, args: readonly string[], options: ChildOptions = {}): Child {
  const { env = process.env, cwd, input, detached = false } = options;
  const child = spawn(program, args, {
    ...{ env, cwd, detached },
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  });
  running.add(child);
  const said = { out: '', err: '', output: '' };
  const hear = (stream: 'out' | 'err') => (text: string) => {
    said[stream] += text;
    said.output += text;
  };
  child.stdout?.setEncoding('utf8').on('data', hear('out'));
  child.stderr?.setEncoding('utf8').on('data', hear('err'));
  // A program need not read it.
  child.stdin?.on('error', () => {});
  child.stdin?.end(input);
  let end: Ended | null = null;
  const ended = new Promise<Ended>((resolve) => {
    const over = (code: number | null, signal: NodeJS.Signals | null) => {
      running.delete(child);
      end ??= { code, signal };
      resolve(end);
    };
    // Not `exit`: then some of what it said may still be on its way.
    child.once('close', over);
    child.once('error', (error) => {
      hear('err')(String(error));
      if (child.pid === undefined) over(null, null);
    });
  });
  const tail = () => said.output.slice(-shown);
  const untilSo: Child['until'] = async (what, probe, timeoutMs = patienceMs) => {
    let isSo = false;
    await until(
      () => `${what}, from ${program}, which has said ${JSON.stringify(tail())}`,
      async () => {
        // Asked first: what is not so once it has ended will not come.
        const isOver = end !== null;
        try {
          isSo = await probe();
        } catch (error) {
          if (!isOver) throw error;
        }
        return isSo || isOver;
      },
      timeoutMs,
    );
    if (!isSo)
      throw new Error(`wait for ${what}: it ended (exit code ${end?.code ?? end?.signal}): ${tail()}`);
  };
  return {
    process: child,
    out: () => said.out,
    err: () => said.err,
    output: () => said.output,
    ended,
    until: untilSo,
    says: (part, timeoutMs) => untilSo(`"${part}"`, () => said.output.includes(part), timeoutMs),
    async stop(signal) {
      child.kill(signal);
      await ended;
    },
  };
}
