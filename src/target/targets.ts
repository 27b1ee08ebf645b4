/** All configured targets of this gateway: serves those whose lease it has, and answers operators for all. */
import type { CursorMove, HeldTarget, TargetCursors, TargetRow, WishChange } from '../ledger/cursors.ts';
import type { Clock } from '../lib/clock.ts';
import { GroupCommit } from '../lib/group-commit.ts';
import type { Log } from '../lib/log.ts';
import type { Metrics } from '../lib/metrics.ts';
import type { Random } from '../lib/random.ts';
import type { TargetHub } from './hub-link.ts';
import type { IndexQuestions } from './index-questions.ts';
import { Leases } from './leases.ts';
import { TargetMetrics } from './metrics.ts';
import { Runner } from './runner.ts';
import type { Target } from './target.ts';
import { Tool } from './tool.ts';
import { Turns } from './turns.ts';

interface TargetsParts {
  readonly targets: readonly Target[];
  readonly cursors: TargetCursors;
  readonly hub: TargetHub;
  readonly index: IndexQuestions;
  /** Who holds the leases, for operators too. Another process has another one, unless it follows this one. */
  readonly holder: string;
  /** How long an attempt that is under way may go on at the end, ms. */
  readonly graceMs: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics: Metrics;
  readonly log: Log;
}

const disableRetryMs = 1_000;
/** Cursors in one commit. */
const maxGroup = 1_000;

/** One configured target. */
export interface Served {
  readonly target: Target;
  readonly tool: Tool;
  /** Null: another gateway serves it, or none. */
  runner: Runner | null;
}

export class Targets {
  readonly #parts: TargetsParts;
  readonly #served: ReadonlyMap<string, Served>;
  readonly #metrics: TargetMetrics;
  readonly #turns: Turns;
  readonly #leases: Leases;
  readonly #saves: GroupCommit<CursorMove, boolean>;
  /** Targets that are to be disabled in the ledger. */
  readonly #disabling = new Map<string, string>();
  #closing: Promise<void> | null = null;

  constructor(parts: TargetsParts) {
    this.#parts = parts;
    const { targets, cursors, metrics } = parts;
    this.#served = new Map(
      targets.map((target) => [target.name, { target, tool: new Tool(target, parts), runner: null }]),
    );
    this.#turns = new Turns(parts.clock);
    const names = targets.map(({ name }) => name);
    this.#metrics = new TargetMetrics(metrics, names, () => this.#gauged());
    this.#saves = new GroupCommit({
      action: 'save cursors of targets',
      commit: (calls) => cursors.saveCursors(calls.map(({ call }) => call)),
      sizeOf: () => 1,
      maxWaiting: maxGroup,
      maxGroup,
    });
    this.#leases = new Leases({
      ...{ ...parts, names },
      onClaimed: (held, isLost) => this.#startSoon(held, isLost),
      onRenewed: (name, wish) => this.#served.get(name)?.runner?.obey(wish),
      onLost: (name) => this.#onLost(name),
    });
  }

  async start(): Promise<void> {
    await this.#leases.start();
  }

  /** By name, in the order of the configuration. */
  get all(): ReadonlyMap<string, Served> {
    return this.#served;
  }

  /** Who holds the leases that this gateway has. */
  get holder(): string {
    return this.#parts.holder;
  }

  /** Where the ledger has them. @throws UNAVAILABLE */
  async rows(): Promise<ReadonlyMap<string, TargetRow>> {
    return new Map((await this.#parts.cursors.listTargets()).map((row) => [row.name, row]));
  }

  /** Changes what is wanted of a target, at whichever gateway serves it. Null: the ledger does not know it. */
  async wish(name: string, change: WishChange): Promise<TargetRow | null> {
    if (change.disabled === null) this.#disabling.delete(name);
    const row = await this.#parts.cursors.wishTarget(name, change);
    if (row !== null) this.#served.get(name)?.runner?.obey(row.wish);
    return row;
  }

  /** Waits for what is under way, saves, and gives the leases back. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** A stop is to take no time any more: breaks off what is under way, at once. `close` then finishes. */
  hurry(): void {
    for (const { tool } of this.#served.values()) tool.kill();
  }

  async #close(): Promise<void> {
    const all = [...this.#served.values()];
    // Leases are renewed until then, so that nobody takes over what is under way.
    await Promise.all(all.map((served) => this.#leave(served)));
    await this.#leases.close();
    await Promise.all(all.map(({ tool }) => tool.close()));
    await this.#saves.drain();
  }

  /** Ends one target here, so that another gateway can take it. */
  async #leave(served: Served): Promise<void> {
    const { target, tool, runner } = served;
    this.#leases.leave(target.name);
    // It may have been claimed, and wait to be served.
    if (runner === null) return this.#leases.release(target.name);
    const cancel = this.#parts.clock.after(this.#parts.graceMs, () => void tool.close());
    await runner.close();
    cancel();
    served.runner = null;
    await this.#leases.release(target.name);
  }

  /** A gateway that takes over a thousand targets, as after the end of another one, goes on serving others meanwhile. */
  #startSoon(held: HeldTarget, isLost: boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#turns.soon(() => {
        if (this.#leases.leaseOf(held.name)?.fence === held.fence) this.#startNow(held, isLost);
        resolve();
      });
    });
  }

  #startNow(held: HeldTarget, isLost: boolean): void {
    const served = this.#served.get(held.name);
    if (served === undefined) return;
    const { name, fence } = held;
    const { log } = this.#parts;
    log.info({ target: name, isNew: held.isNew, low: held.cursor.low }, 'target: served by this gateway now');
    const runner = new Runner(held, {
      ...{
        ...this.#parts,
        target: served.target,
        tool: served.tool,
        metrics: this.#metrics,
        turns: this.#turns,
      },
      save: (cursor, took) =>
        this.#saves.add({ name, fence, cursor, ...(took === undefined ? {} : { took }) }),
      mayStart: () => this.#leases.isSure(name),
      onLost: () => this.#leases.lost(name),
      onDraining: () => void this.#leave(served),
      onDisabled: (why) => void this.#disable(name, why),
    });
    served.runner = runner;
    runner.start(isLost);
  }

  async #onLost(name: string): Promise<void> {
    const served = this.#served.get(name);
    const runner = served?.runner ?? null;
    if (served === undefined || runner === null) return;
    served.runner = null;
    this.#parts.log.warn({ target: name }, 'target: served by another gateway now');
    await runner.close();
  }

  /** Writes it down until that succeeds: it must hold after a restart too. */
  async #disable(name: string, why: string): Promise<void> {
    const { cursors, clock, log } = this.#parts;
    log.warn({ target: name, why }, 'target: disabled, until an operator resumes it');
    this.#disabling.set(name, why);
    while (this.#disabling.get(name) === why && this.#closing === null) {
      try {
        await cursors.wishTarget(name, { disabled: why });
        this.#disabling.delete(name);
      } catch {
        await clock.sleep(disableRetryMs);
      }
    }
  }

  #gauged() {
    const { hub, clock } = this.#parts;
    const { head } = hub;
    const now = clock.monotonic();
    return [...this.#served.values()].flatMap(({ target: { name }, runner }) => {
      if (runner === null) return [];
      const { epoch, low } = runner.cursor();
      const lag = epoch === head.epoch ? Math.max(0, head.sequence - low) : 0;
      const { waiting, dueSince, wish } = runner;
      const dueForMs = dueSince === null ? 0 : now - dueSince;
      return [{ name, lag, waiting, dueForMs, disabled: wish.disabled !== null }];
    });
  }
}
