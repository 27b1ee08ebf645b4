/** Commands as real processes. */
import { type ChildProcess, spawn } from 'node:child_process';
import { patienceMs } from '../../../support/inbox.ts';
import { until } from '../../../support/until.ts';

const main = new URL('../../../../src/main.ts', import.meta.url).pathname;

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
}

export interface Running {
  readonly child: ChildProcess;
  out(): string;
  err(): string;
  /** Resolves when standard output or error has what fits. */
  sees(fits: (out: string, err: string) => boolean): Promise<void>;
  readonly ended: Promise<Ended>;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
}

/** Killed when this process exits, so that an aborted run leaves nothing behind. */
const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Starts `manifeed …` for a gateway. */
export function start(url: string, args: readonly string[], options: RunOptions = {}): Running {
  return startProgram(process.execPath, [main, ...args], url, options);
}

/** Runs a line of `sh`, in which `$MANIFEED` is the command. */
export function startShell(url: string, line: string, options: RunOptions = {}): Running {
  const env = { MANIFEED: `${process.execPath} ${main}`, ...options.env };
  return startProgram('sh', ['-c', line], url, { ...options, env });
}

/** Runs it to its end. */
export function run(url: string, args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  return start(url, args, options).ended;
}

function startProgram(program: string, args: readonly string[], url: string, options: RunOptions): Running {
  const child = spawn(program, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH ?? '', NODE_NO_WARNINGS: '1', MANIFEED_URL: url, ...options.env },
  });
  running.add(child);
  let out = '';
  let err = '';
  child.stdout.on('data', (bytes: Buffer) => {
    out += bytes.toString();
  });
  child.stderr.on('data', (bytes: Buffer) => {
    err += bytes.toString();
  });
  child.stdin.on('error', () => {});
  child.stdin.end(options.input ?? '');
  const ended = new Promise<Ended>((resolve) => {
    child.once('close', (code, signal) => {
      running.delete(child);
      resolve({ code, signal, out, err });
    });
  });
  return {
    child,
    out: () => out,
    err: () => err,
    ended,
    sees: (fits) => until(`output of ${args.slice(1).join(' ')}`, () => fits(out, err), patienceMs * 2),
  };
}
