/** `manifeed watch` from its first connection to its end. */
import {
  type Feed,
  FeedError,
  type FeedEvent,
  type FeedStatus,
  openFeed,
  type PositionStore,
} from '../../../client/src/index.ts';
import { messageOf } from '../../errors.ts';
import type { Clock } from '../../lib/clock.ts';
import { faultText } from '../asking/fault.ts';
import { escapeLines } from '../output/escape.ts';
import { StatusLine } from '../output/status-line.ts';
import { type Terminal, withoutColor } from '../output/terminal.ts';
import type { StopSignal } from '../stop-signals.ts';
import type { WatchArguments } from './arguments.ts';
import { askDefaultRegistry } from './default-registry.ts';
import { Ending } from './ending.ts';
import type { Candidate } from './images.ts';
import type { Item } from './item.ts';
import { eventJson } from './lines.ts';
import { Printer } from './printer.ts';
import { Progress } from './progress.ts';
import type { Runner } from './run/child.ts';
import { Executor } from './run/executor.ts';
import type { Sink } from './sink.ts';
import { StateFile } from './state.ts';
import { statusText } from './status.ts';

export interface SessionParts {
  readonly terminal: Terminal;
  readonly clock: Clock;
  readonly random: () => number;
  readonly runner: Runner;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Passes SIGTERM and SIGINT on from now on. */
  readonly onSignal: (listener: (signal: StopSignal) => void) => void;
}

export class Session {
  readonly #args: WatchArguments;
  readonly #parts: SessionParts;
  readonly #status: StatusLine;
  readonly #ending = new Ending();
  readonly #sink: Sink;
  readonly #state: StateFile | null;
  readonly #progress: Progress;
  #wants: (candidate: Candidate) => boolean = () => true;
  #count = 0;
  /** Rows have come and `ready` has not: until then no position holds for them. */
  #isInSnapshot = false;

  constructor(args: WatchArguments, parts: SessionParts) {
    this.#args = args;
    this.#parts = parts;
    const terminal = args.noColor ? withoutColor(parts.terminal) : parts.terminal;
    this.#status = new StatusLine(terminal, args.isQuiet);
    this.#state =
      args.state === null
        ? null
        : new StateFile(args.state, (error) => this.#fail(`save --state: ${error.message}`));
    this.#progress = new Progress((position) => this.#state?.save(position));
    this.#sink = this.#openSink(terminal);
  }

  /** @returns the exit code */
  async run(): Promise<number> {
    const cancels = [this.#parts.terminal.watchReader(() => this.#end('reader')), this.#hearTimeout()];
    this.#hearSignals();
    try {
      await this.#follow();
    } catch (error) {
      if (!(error instanceof FeedError) && !isSystemError(error)) throw error;
      this.#fail(error instanceof FeedError ? this.#faultText(error) : error.message);
    }
    await this.#sink.idle();
    await this.#state?.idle();
    for (const cancel of cancels) cancel();
    this.#status.clear();
    return this.#ending.code;
  }

  #openSink({ out }: Terminal): Sink {
    const { exec, format } = this.#args;
    const { clock, env, runner } = this.#parts;
    if (exec === null) return new Printer(format, out, this.#status, () => this.#end('reader'));
    const onFailure = () => (exec.onError === 'exit' ? this.#end('command') : this.#ending.fault());
    return new Executor({ exec, env, runner, clock, status: this.#status, onFailure });
  }

  async #follow(): Promise<void> {
    const { plan, start, connection } = this.#args;
    const position = (await this.#loadState()) ?? start.after;
    if (plan.isWider) {
      const registry = await this.#askDefaultRegistry();
      if (registry === null) return;
      this.#wants = plan.judge(registry);
    }
    const { token } = connection;
    await using feed = openFeed(connection.url, { token, store: this.#store(position) });
    this.#showStatus(feed);
    const { signal } = this.#ending;
    const since = position === null && start.since !== null ? { since: start.since } : {};
    for await (const event of feed.events(this.#filter(), { signal, ...since })) {
      await this.#take(event);
      if (signal.aborted) return;
    }
  }

  #filter() {
    const { plan, snapshot, conflate, unpaced } = this.#args;
    return {
      ...plan.filter,
      ...{ snapshot, ...(conflate ? { conflate } : {}), ...(unpaced ? { pace: 'none' as const } : {}) },
    };
  }

  /** A file that holds no position is no reason to begin anew: changes would be passed over in silence. */
  async #loadState(): Promise<string | null> {
    try {
      return (await this.#state?.load()) ?? null;
    } catch (error) {
      throw new FeedError('STORE', `read --state: ${messageOf(error)}`, { cause: error });
    }
  }

  /** How the feed tells of positions that come without a change. */
  #store(position: string | null): PositionStore {
    return { load: () => position, save: (reached) => this.#progress.reach(reached) };
  }

  #askDefaultRegistry(): Promise<string | null> {
    const { clock, random } = this.#parts;
    const onWait = (why: FeedError, delayMs: number) => {
      const untilMs = clock.now() + delayMs;
      const told = this.#statusText({ state: 'waiting', untilMs, why }, null);
      if (told !== null) this.#status.show(told.text, told.isNews);
    };
    const { connection } = this.#args;
    return askDefaultRegistry({ connection, clock, random, signal: this.#ending.signal, onWait });
  }

  async #take(event: FeedEvent): Promise<void> {
    if (event.kind === 'change' && !this.#wants(event.change)) return;
    if (event.kind === 'state' && !this.#wants(event.row)) return;
    if (this.#args.format === 'json-events' && !(await this.#status.data(eventJson(event))))
      return this.#end('reader');
    switch (event.kind) {
      case 'snapshot':
        this.#isInSnapshot = true;
        return;
      case 'ready':
        this.#isInSnapshot = false;
        return this.#progress.reach(event.position);
      case 'reset':
        return this.#tellReset(event.reason, event.position);
      case 'state':
        return this.#work(event, null);
      case 'change':
        return this.#work(event, event.resume);
    }
  }

  async #work(item: Item, resume: string | null): Promise<void> {
    const taken = this.#sink.take(item, this.#progress.begin());
    if (resume !== null && !this.#isInSnapshot) this.#progress.reach(resume);
    await taken;
    this.#count++;
    if (this.#count === this.#args.count) this.#ending.ask('count');
  }

  #tellReset(reason: string, position: string): void {
    this.#ending.fault();
    const next = this.#args.snapshot ? 'a new snapshot follows' : 'look at the tags that matter';
    this.#status.note(`manifeed watch: reset (${reason}): changes before ${position} are missing: ${next}`);
  }

  #statusText(status: FeedStatus, before: FeedStatus['state'] | null) {
    return statusText(status, before, this.#parts.clock.now(), (why) => this.#faultText(why));
  }

  #faultText(error: FeedError): string {
    return faultText(error, this.#args.connection);
  }

  #showStatus(feed: Feed): void {
    let before: FeedStatus['state'] | null = null;
    feed.on('status', (status) => {
      if (this.#ending.isAsked) return;
      const told = this.#statusText(status, before);
      if (status.state !== 'connecting') before = status.state;
      if (told !== null) this.#status.show(told.text, told.isNews);
    });
  }

  /** Reads nothing more, and begins nothing more. */
  #end(reason: Parameters<Ending['ask']>[0]): void {
    this.#ending.ask(reason);
    this.#sink.stop();
  }

  #fail(message: string): void {
    this.#status.note(`manifeed watch: ${escapeLines(message)}`);
    this.#end('error');
  }

  /** The first signal ends after the commands that run; the second kills them. */
  #hearSignals(): void {
    let isSecond = false;
    this.#parts.onSignal((signal) => {
      if (isSecond && this.#sink instanceof Executor) this.#sink.kill();
      isSecond = true;
      this.#end(signal);
    });
  }

  #hearTimeout(): () => void {
    const { timeoutMs } = this.#args;
    return timeoutMs === null ? () => {} : this.#parts.clock.after(timeoutMs, () => this.#end('timeout'));
  }
}

function isSystemError(error: unknown): error is Error {
  return error instanceof Error && 'syscall' in error;
}
