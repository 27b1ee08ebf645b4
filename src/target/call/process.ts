/** One run of a command, in a process group of its own, and what it said. */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Clock } from '../../lib/clock.ts';
import { signalGroup } from '../../lib/process-group.ts';
import { CallError } from './error.ts';

/** What a kind runs. */
export interface Command {
  /** Program and arguments; no shell reads them. */
  readonly command: readonly [string, ...string[]];
  /** Besides the few variables of this process that all commands get. */
  readonly env: Readonly<Record<string, string>>;
  /** For standard input. A command need not read it. */
  readonly input: string;
}

/** How a command ended. */
export interface RunAnswer {
  /** Null: a signal ended it. */
  readonly code: number | null;
  readonly signal: string | null;
  /** The end of what it wrote to standard output and standard error, at most 64 KiB. */
  readonly output: string;
}

interface ProcessRunnerOptions {
  readonly clock: Clock;
  /** What all commands get of this process's environment. */
  readonly environment: Readonly<Record<string, string>>;
}

const maxOutputBytes = 64 * 1024;
/** After TERM, the time until KILL, ms. */
const graceMs = 5_000;
/** The same when the gateway ends, ms: a supervisor does not wait for long. */
const closingMs = 2_000;
/** How long a command's children may keep its output open when it has ended, ms. */
const drainMs = 1_000;
const isWindows = process.platform === 'win32';

/** Runs the commands of one target. */
export class ProcessRunner {
  readonly #options: ProcessRunnerOptions;
  /** Commands that were told to end. No other one starts meanwhile: it may not work beside itself. */
  readonly #ending = new Set<Promise<unknown>>();
  readonly #groups = new Set<ChildProcess>();

  constructor(options: ProcessRunnerOptions) {
    this.#options = options;
  }

  /** @param signal ends it; its reason is thrown if that is a CallError @throws CallError */
  async run(command: Command, signal: AbortSignal): Promise<RunAnswer> {
    await Promise.all(this.#ending);
    if (signal.aborted) throw signal.reason;
    const run = this.#start(command, signal);
    const ending = () => {
      const settled = run.then(
        () => {},
        () => {},
      );
      this.#ending.add(settled);
      void settled.then(() => this.#ending.delete(settled));
    };
    signal.addEventListener('abort', ending, { once: true });
    try {
      return await run;
    } finally {
      signal.removeEventListener('abort', ending);
    }
  }

  /** Waits for those that were told to end, and kills what has not after two seconds. Idempotent. */
  async close(): Promise<void> {
    const cancel = this.#options.clock.after(closingMs, () => this.kill());
    await Promise.all(this.#ending);
    cancel();
  }

  /** Kills all commands at once. */
  kill(): void {
    for (const child of this.#groups) signalGroup(child, 'SIGKILL', isWindows);
  }

  #start({ command, env, input }: Command, signal: AbortSignal): Promise<RunAnswer> {
    const { clock, environment } = this.#options;
    return new Promise((resolve, reject) => {
      const [program, ...args] = command;
      const failed = (error: unknown) =>
        new CallError('process', `start ${program}: ${reasonOf(program, codeOf(error))}`);
      let child: ChildProcess;
      try {
        child = spawn(program, args, {
          stdio: ['pipe', 'pipe', 'pipe'],
          env: { ...environment, ...env },
          detached: !isWindows,
          windowsHide: true,
        });
      } catch (error) {
        // Arguments and variables that are too long for the system, for one.
        return reject(failed(error));
      }
      this.#groups.add(child);
      const output = new Tail(maxOutputBytes);
      const timers: (() => void)[] = [];
      const end = () => {
        signalGroup(child, 'SIGTERM', isWindows);
        timers.push(clock.after(graceMs, () => signalGroup(child, 'SIGKILL', isWindows)));
      };
      const done = (settle: () => void) => {
        for (const cancel of timers) cancel();
        signal.removeEventListener('abort', end);
        this.#groups.delete(child);
        // What the command left running would go on without a time limit, and each change would add to it.
        signalGroup(child, 'SIGKILL', isWindows);
        // Without free file descriptors it has no streams.
        child.stdout?.destroy();
        child.stderr?.destroy();
        settle();
      };
      signal.addEventListener('abort', end);
      child.once('error', (error) => done(() => reject(failed(error))));
      const ended = (code: number | null, by: string | null) =>
        done(() =>
          signal.aborted ? reject(signal.reason) : resolve({ code, signal: by, output: output.text() }),
        );
      child.once('close', ended);
      child.once('exit', (code, by) => {
        if (signal.aborted) ended(code, by);
        else timers.push(clock.after(drainMs, () => ended(code, by)));
      });
      for (const stream of [child.stdout, child.stderr])
        stream?.on('data', (chunk: Buffer) => output.append(chunk));
      child.stdin?.on('error', () => {});
      child.stdin?.end(input);
    });
  }
}

/** The end of a stream. */
class Tail {
  readonly #maxBytes: number;
  #chunks: Buffer[] = [];
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  append(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    // At twice the bound, so that each byte is copied once only.
    if (this.#bytes > 2 * this.#maxBytes) this.#cut();
  }

  text(): string {
    this.#cut();
    return Buffer.concat(this.#chunks).toString();
  }

  #cut(): void {
    const whole = Buffer.concat(this.#chunks);
    const end = whole.subarray(Math.max(0, whole.length - this.#maxBytes));
    this.#chunks = [Buffer.from(end)];
    this.#bytes = end.length;
  }
}

/** @param code of the system, as in ENOENT */
function reasonOf(program: string, code: string): string {
  if (code === 'EACCES') return 'it is not executable (EACCES)';
  if (code !== 'ENOENT') return code;
  return program.includes('/')
    ? 'no such file, or the program that interprets it is missing (ENOENT)'
    : 'not found in PATH (ENOENT)';
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown error';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}
