/** Commands as real processes. */
import type { ChildProcess } from 'node:child_process';
import { type Ended as ChildEnded, startChild } from '../../../support/child.ts';
import { patienceMs } from '../../../support/inbox.ts';

const main = new URL('../../../../src/main.ts', import.meta.url).pathname;

export interface Ended extends ChildEnded {
  readonly out: string;
  readonly err: string;
}

export interface Running {
  readonly child: ChildProcess;
  out(): string;
  err(): string;
  /** Resolves when standard output or error has what fits. Rejects at once if the command ends without. */
  sees(fits: (out: string, err: string) => boolean): Promise<void>;
  readonly ended: Promise<Ended>;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
}

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
  const { process: child, ...started } = startChild(program, args, {
    env: { PATH: process.env.PATH ?? '', NODE_NO_WARNINGS: '1', MANIFEED_URL: url, ...options.env },
    input: options.input ?? '',
  });
  const { out, err } = started;
  return {
    ...{ child, out, err },
    ended: started.ended.then((end) => ({ ...end, out: out(), err: err() })),
    sees: (fits) =>
      started.until(`output of ${args.slice(1).join(' ')}`, () => fits(out(), err()), patienceMs * 2),
  };
}
