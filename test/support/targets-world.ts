/** Gateways that share one ledger in memory and serve targets of a kind whose tool answers by script; a fake clock. */
import { z } from 'zod';
import { ManifeedError } from '../../src/errors.ts';
import { type ChangeType, defaultChangeTypes } from '../../src/event/change.ts';
import { startHeartbeat } from '../../src/fanout/heartbeat.ts';
import { Hub } from '../../src/fanout/hub.ts';
import type { TargetCursors } from '../../src/ledger/cursors.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { openMemoryLedger } from '../../src/ledger/memory/memory.ts';
import { noMetrics } from '../../src/lib/metrics.ts';
import type { CourseRules } from '../../src/target/course/course.ts';
import { indexQuestions } from '../../src/target/index-questions.ts';
import type { ChangeDelivery, Kind, Reach, ResetDelivery, Verdict } from '../../src/target/kind.ts';
import { maskOf } from '../../src/target/mask.ts';
import type { Target } from '../../src/target/target.ts';
import { Targets } from '../../src/target/targets.ts';
import { type FakeClock, fakeClock } from './fake-clock.ts';
import { filterOf, unhurried } from './hub-world.ts';
import { defaultInterestLimits } from './interest-limits.ts';
import { digestOf } from './ledger-samples.ts';
import { recordingLog } from './recording-log.ts';

type Delivery = ChangeDelivery | ResetDelivery;
type Script = (delivery: Delivery, reach: Reach) => Verdict | Promise<Verdict>;

export interface WorldGateway {
  readonly targets: Targets;
  readonly hub: Hub;
  /** What its targets sent, in order. */
  readonly sent: Delivery[];
  /** While true, this gateway cannot reach the ledger's cursors. */
  away: boolean;
  /** Until it resolves, its ledger saves nothing and says nothing. */
  holds: Promise<void> | null;
  /** Until it resolves, its ledger answers no question about the index. */
  asks: Promise<void> | null;
  /** Calls of `saveCursors` that reached the ledger. */
  saves: number;
  /** As after a `kill -9`: it does nothing more. */
  kill(): void;
}

interface WorldOptions {
  readonly tellsResets?: boolean;
  readonly rules?: Partial<CourseRules>;
  /** Time limit of an attempt, ms. Default 1,000. */
  readonly timeoutMs?: number;
  /** Types that the targets ask for. */
  readonly types?: readonly ChangeType[];
  /** Types that they look at besides. */
  readonly others?: readonly ChangeType[];
}

const accept: Script = () => ({ kind: 'accepted' });

export class TargetsWorld {
  readonly clock: FakeClock;
  readonly ledger: Ledger;
  readonly log = recordingLog();
  /** What the tool answers. */
  script: Script = accept;
  readonly #names: readonly string[];
  readonly #options: WorldOptions;
  #pushes = 0;
  #losses = 0;
  /** The name under which the ledger has a target since it last lost all. */
  readonly #kept = (name: string) => (this.#losses === 0 ? name : `${name}_${this.#losses}`);

  static async open(names: readonly string[] = ['tool'], options: WorldOptions = {}): Promise<TargetsWorld> {
    const clock = fakeClock();
    clock.advance(1_000);
    let seed = 0;
    const random = () => (seed++ * 0.377) % 1;
    const retention = { maxChanges: 100, maxAgeMs: 86_400_000 };
    return new TargetsWorld(clock, await openMemoryLedger({ clock, random, retention }), names, options);
  }

  private constructor(clock: FakeClock, ledger: Ledger, names: readonly string[], options: WorldOptions) {
    this.clock = clock;
    this.ledger = ledger;
    this.#names = names;
    this.#options = options;
  }

  /** @param before what happens before it starts. Default: nothing */
  async gateway(name = 'one', before: (targets: Targets) => void = () => {}): Promise<WorldGateway> {
    const { clock, log } = this;
    const common = { clock, random: () => 0.5, metrics: noMetrics, log };
    const hub = await Hub.open({
      ...{ ...common, ledger: this.ledger, interests: defaultInterestLimits, pace: unhurried },
      // So little that retention takes what it no longer remembers.
      history: { maxFrames: 16, pageSize: 16, maxPages: 1 },
    });
    startHeartbeat({ hub, intervalMs: 20_000, clock, random: () => 0.5 });
    let isDead = false;
    const never = new Promise<never>(() => {});
    const reach = async () => {
      if (isDead) await never;
      if (gateway.away) throw new ManifeedError('UNAVAILABLE', 'ask the ledger: it is away');
    };
    const ask = async <Result>(work: () => Promise<Result>): Promise<Result> => {
      await reach();
      return work();
    };
    const { cursors } = this.ledger;
    const named = <Row extends { readonly name: string }>(
      rows: readonly Row[],
      name: (name: string) => string,
    ) => rows.map((row) => ({ ...row, name: name(row.name) }));
    const guarded: TargetCursors = {
      claimTargets: (names, ...more) =>
        ask(async () => named(await cursors.claimTargets(names.map(this.#kept), ...more), bare)),
      renewTargets: (held, leaseMs) =>
        ask(async () => named(await cursors.renewTargets(named(held, this.#kept), leaseMs), bare)),
      saveCursors: async (moves) => {
        await reach();
        await gateway.holds;
        gateway.saves++;
        return cursors.saveCursors(named(moves, this.#kept));
      },
      releaseTargets: (held) => ask(() => cursors.releaseTargets(named(held, this.#kept))),
      wishTarget: (name, change) => ask(() => cursors.wishTarget(this.#kept(name), change)),
      listTargets: () => ask(() => cursors.listTargets()),
    };
    const sent: Delivery[] = [];
    const deliver = async (delivery: Delivery, _settings: unknown, reach: Reach) => {
      if (isDead) await never;
      sent.push(delivery);
      return this.script(delivery, reach);
    };
    const targets = new Targets({
      ...{ ...common, hub, cursors: guarded, holder: name, graceMs: 5_000 },
      index: indexQuestions({
        states: (asked) =>
          ask(async () => {
            await gateway.asks;
            return this.ledger.states(asked);
          }),
        digests: (...asked) => ask(() => this.ledger.digests(...asked)),
        listRepositories: (query) => ask(() => this.ledger.listRepositories(query)),
      }),
      targets: this.#names.map((each) => targetOf(each, kindOf(deliver, this.#options), this.#options)),
    });
    const gateway: WorldGateway = {
      ...{ targets, hub, sent, away: false, holds: null, asks: null, saves: 0 },
      kill() {
        isDead = true;
        hub.close();
      },
    };
    before(targets);
    await targets.start();
    await this.settle();
    return gateway;
  }

  /** The ledger loses all that it has of targets. */
  loseTargets(): void {
    this.#losses += 1;
  }

  /** Moves tags of a repository that the targets want. */
  push(...tags: readonly string[]): Promise<void> {
    return this.pushTo('team/app', ...tags);
  }

  async pushTo(repository: string, ...tags: readonly string[]): Promise<void> {
    const named = { registry: 'registry.example.com', repository, origin: 'test' };
    await this.ledger.record(
      tags.map((tag) => {
        const digest = digestOf(`push ${++this.#pushes}`);
        return { kind: 'tag', ...named, tag, digest, mediaType: null, size: null } as const;
      }),
    );
    await this.settle();
  }

  /** Deletes a tag of the repository that the targets want. */
  async remove(tag: string): Promise<void> {
    const named = { registry: 'registry.example.com', repository: 'team/app', origin: 'test' };
    await this.ledger.record([{ kind: 'tag-gone', ...named, tag }]);
    await this.settle();
  }

  /** Runs everything that needs no time. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 12; turn++) await new Promise(setImmediate);
  }

  async pass(ms: number, stepMs = 500): Promise<void> {
    for (let left = ms; left > 0; left -= stepMs) {
      this.clock.advance(Math.min(stepMs, left));
      await this.settle();
    }
  }

  /** Where the ledger has a target. */
  async row(name = 'tool') {
    const row = (await this.ledger.cursors.listTargets()).find((each) => each.name === this.#kept(name));
    if (row === undefined) throw new Error(`find ${name}: not among the targets of the ledger`);
    return row;
  }
}

function bare(kept: string): string {
  return kept.replace(/_[0-9]+$/, '');
}

/** `tag` of each change, and `reset`. */
export function told(sent: readonly Delivery[]): readonly (string | null)[] {
  return sent.map((each) => (each.kind === 'reset' ? 'reset' : each.change.tag));
}

function kindOf(
  deliver: (delivery: Delivery, settings: unknown, reach: Reach) => Promise<Verdict>,
  { tellsResets = true }: WorldOptions,
): Kind {
  return {
    name: 'scripted',
    members: z.strictObject({}),
    defaults: { timeoutMs: 1_000, coalesceMs: null, concurrency: 2, types: ['tag.updated'] },
    ...{ deletes: true, replays: true, needsReference: false },
    deliver,
    ...(tellsResets ? { reset: deliver } : {}),
    describe: () => '',
  };
}

function targetOf(
  name: string,
  kind: Kind,
  { rules, types = defaultChangeTypes, others = [], timeoutMs = 1_000 }: WorldOptions,
): Target {
  return {
    ...{
      name,
      kind,
      settings: {},
      filter: filterOf({ repository: ['team/app'], type: [...types, ...others] }),
      timeoutMs,
      paced: false,
      origin: null,
    },
    types: new Set(types),
    rules: { coalesceMs: 0, minAgeMs: 0, maxAgeMs: 86_400_000, concurrency: 2, ...rules },
    mask: maskOf([], []),
  };
}
