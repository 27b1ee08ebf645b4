/** Runs a command for each change, again if it fails, and says what failed. */
import type { Clock } from '../../../lib/clock.ts';
import { escapeText } from '../../output/escape.ts';
import type { StatusLine } from '../../output/status-line.ts';
import type { ExecArguments } from '../arguments.ts';
import { factsOf, type Item, keyOf } from '../item.ts';
import type { Sink } from '../sink.ts';
import type { Fault, Runner } from './child.ts';
import { changeInput, itemVariables } from './environment.ts';
import { Scheduler } from './scheduler.ts';

/** Before the first repetition, ms; each further wait is twice as long. */
const firstRetryMs = 1_000;
const longestRetryMs = 60_000;

export interface ExecutorParts {
  readonly exec: ExecArguments;
  /** The commands' environment, without the change's variables. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly runner: Runner;
  readonly clock: Clock;
  readonly status: StatusLine;
  /** A command failed for good. With `--on-error exit` nothing more begins. */
  readonly onFailure: () => void;
}

export class Executor implements Sink {
  readonly #parts: ExecutorParts;
  readonly #scheduler: Scheduler;
  readonly #stop = new AbortController();
  readonly #kill = new AbortController();

  constructor(parts: ExecutorParts) {
    this.#parts = parts;
    const { parallel, onBusy } = parts.exec;
    this.#scheduler = new Scheduler({ parallel, onBusy, run: (item) => this.#work(item) });
  }

  take(item: Item, done: () => void): Promise<void> {
    return this.#stop.signal.aborted ? Promise.resolve() : this.#scheduler.take(item, done);
  }

  stop(): void {
    this.#stop.abort();
    this.#scheduler.stop();
  }

  /** Kills what runs. */
  kill(): void {
    this.stop();
    this.#kill.abort();
  }

  idle(): Promise<void> {
    return this.#scheduler.idle();
  }

  async #work(item: Item): Promise<boolean> {
    const { exec, status, onFailure } = this.#parts;
    let fault = await this.#run(item);
    for (let retry = 0; retry < exec.retries && fault !== null; retry++) {
      await this.#parts.clock.sleep(Math.min(firstRetryMs * 2 ** retry, longestRetryMs), this.#stop.signal);
      // Asked to stop: it has not failed for good, and comes again with `--state`.
      if (this.#stop.signal.aborted) return false;
      fault = await this.#run(item);
    }
    if (fault === null) return true;
    const what = `run ${escapeText(exec.command.join(' '))}: ${escapeText(keyOf(item))}: ${escapeText(fault)}`;
    status.note(`manifeed watch: ${what}: must end with exit code 0`);
    onFailure();
    if (exec.onError === 'exit') this.stop();
    return exec.onError === 'continue';
  }

  async #run(item: Item): Promise<Fault> {
    const { exec, env, runner, status, clock } = this.#parts;
    const { command, timeoutMs } = exec;
    // The command writes to the same screen.
    status.clear();
    const run = { command, timeoutMs, env: { ...env, ...itemVariables(item) }, input: changeInput(item) };
    const fault = await runner(run, this.#kill.signal);
    status.event(runLine(item, fault, clock.now()));
    return fault;
  }
}

/** A run in a log: time, type of the change, reference, and how it ended. @param now ms since the epoch */
function runLine(item: Item, fault: Fault, now: number): string {
  const time = new Date(now).toISOString();
  return `${time} ${escapeText(factsOf(item).type)} ${escapeText(keyOf(item))}: ${escapeText(fault ?? 'exit code 0')}`;
}
