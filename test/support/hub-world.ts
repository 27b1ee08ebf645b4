import type { Change } from '../../src/event/change.ts';
import { type FilterInput, parseFilter } from '../../src/event/filter.ts';
import type { Grant } from '../../src/event/grant.ts';
import { Hub, type HubOptions } from '../../src/fanout/hub.ts';
import type { PaceOptions } from '../../src/fanout/pace/rules.ts';
import type { Start, Subscriber } from '../../src/fanout/subscriber.ts';
import { noLog } from '../../src/lib/log.ts';
import { noMetrics } from '../../src/lib/metrics.ts';
import { type FakeClock, fakeClock } from './fake-clock.ts';
import { FakeSink } from './fake-sink.ts';
import { defaultInterestLimits } from './interest-limits.ts';
import { digestOf } from './ledger-samples.ts';
import { type ScriptedLedger, scriptedLedger } from './scripted-ledger.ts';

const registry = 'registry.example.com';
export const everything: Grant = {
  name: 'all',
  key: 'everything',
  owner: null,
  patterns: ['**'],
  admin: false,
  metrics: false,
  unpaced: true,
  allows: () => true,
};

const live: Start = { kind: 'live' };

export const unhurried: PaceOptions = {
  deliveriesPerSecond: 1_000_000,
  maxWindowMs: 600_000,
  burst: 1_000_000,
  exceptions: [],
  priority: [],
};

export interface Member {
  readonly subscriber: Subscriber;
  readonly sink: FakeSink;
}

export interface MemberOptions extends FilterInput {
  readonly paced?: boolean;
  readonly conflate?: boolean;
  readonly start?: Start;
  readonly snapshot?: boolean;
  readonly id?: string;
  readonly grant?: Grant;
}

export interface World {
  readonly clock: FakeClock;
  readonly ledger: ScriptedLedger;
  readonly hub: Hub;
  /** All changes that the ledger announced, in order, of the newest epoch. */
  readonly changes: Change[];
  /** Moves a tag. Resolves when the change is in the ledger. */
  push(repository: string, tag?: string): Promise<void>;
  remove(repository: string, tag?: string): Promise<void>;
  connect(options?: Pick<MemberOptions, 'paced' | 'conflate' | 'grant'>): Member;
  subscribe(member: Member, options?: MemberOptions): void;
  join(options?: MemberOptions): Member;
  /** Runs everything that needs no time. */
  settle(): Promise<void>;
  /** Lets time pass in steps, and runs everything that becomes runnable. */
  pass(ms: number, stepMs?: number): Promise<void>;
  /** The position of a sequence in the current epoch. */
  after(sequence: number): Start;
}

export type WorldOptions = Partial<Omit<HubOptions, 'pace'>> & {
  readonly pace?: Partial<PaceOptions>;
  readonly maxChanges?: number;
};

export function filterOf(input: FilterInput = {}) {
  const repository = input.repository?.map((name) => `${registry}/${name}`);
  return parseFilter(
    { ...input, ...(repository === undefined ? {} : { repository }) },
    { defaultRegistry: registry, maxRepositories: 1_000 },
  );
}

export function keyOf(repository: string): string {
  return `${registry}/${repository}`;
}

export async function openWorld(options: WorldOptions = {}): Promise<World> {
  const clock = fakeClock();
  // Like a real clock, it does not stand at zero.
  clock.advance(1_000);
  const ledger = await scriptedLedger(clock, options.maxChanges);
  const changes: Change[] = [];
  ledger.tail((event) => {
    if (event.kind === 'reset') changes.length = 0;
    else changes.push(...event.changes);
  });
  const { pace, ...rest } = options;
  const hub = await Hub.open({
    ledger,
    clock,
    random: () => 0.5,
    metrics: noMetrics,
    log: noLog,
    interests: defaultInterestLimits,
    ...rest,
    pace: { ...unhurried, ...pace },
  });
  let pushed = 0;
  const observed = (repository: string, tag: string) => ({
    registry,
    repository,
    tag,
    origin: 'test',
  });
  const settle = async () => {
    for (let turn = 0; turn < 4; turn++) await new Promise(setImmediate);
  };
  const world: World = {
    clock,
    ledger,
    hub,
    changes,
    settle,
    async push(repository, tag = 'latest') {
      const target = { digest: digestOf(`push ${++pushed}`), mediaType: null, size: null };
      await ledger.record([{ kind: 'tag', ...observed(repository, tag), ...target }]);
    },
    async remove(repository, tag = 'latest') {
      await ledger.record([{ kind: 'tag-gone', ...observed(repository, tag) }]);
    },
    connect({ paced = false, conflate = false, grant = everything } = {}) {
      const sink = new FakeSink();
      return { sink, subscriber: hub.connect({ sink, grant, paced, conflate }) };
    },
    subscribe({ subscriber }, { id = '', start = live, snapshot = false, ...filter } = {}) {
      hub.subscribe(subscriber, { id, filter: filterOf(filter), start, snapshot });
    },
    join(wanted = {}) {
      const member = world.connect(wanted);
      const { paced: _paced, conflate: _conflate, grant: _grant, ...subscription } = wanted;
      world.subscribe(member, subscription);
      return member;
    },
    async pass(ms, stepMs = 10) {
      for (let left = ms; left > 0; left -= stepMs) {
        clock.advance(Math.min(stepMs, left));
        await settle();
      }
    },
    after: (sequence) => ({ kind: 'after', epoch: hub.head.epoch, sequence }),
  };
  return world;
}

/** Gives a full sink room again, as when its socket drains. */
export function drain({ sink, subscriber }: Member, room = Number.POSITIVE_INFINITY): void {
  sink.full = false;
  sink.room = room;
  subscriber.drained();
}

export function block({ sink }: Member): void {
  sink.room = 1;
}
