/**
 * Feeds one subscriber that is behind: resolves where its subscriptions begin, sends snapshots, replays from
 * history in bounded pages, and lets it go live in the very tick in which it has reached the head, so that
 * replay and live meet without gap or duplicate. Writes no faster than the socket drains.
 *
 * A connection's later subscription replays alone up to where the others stand, while those wait: every
 * resume position sent meanwhile is the replay's, and so never passes anything undelivered.
 *
 * Whatever is awaited, the connection may be closed, the subscription ended or the epoch changed afterwards:
 * each step looks again before it writes.
 */
import { ManifeedError } from '../errors.ts';
import type { Filter } from '../event/filter.ts';
import { formatPosition } from '../event/position.ts';
import type { Bounds, Ledger } from '../ledger/ledger.ts';
import { backoffMs } from '../lib/backoff.ts';
import type { Clock } from '../lib/clock.ts';
import type { Random } from '../lib/random.ts';
import type { Delivery } from './delivery.ts';
import type { Frame } from './frame.ts';
import type { History, HistoryPage } from './history.ts';
import type { HubMetrics } from './hub-metrics.ts';
import { judgeFrames } from './judge.ts';
import type { Pacer } from './pace/pacer.ts';
import type { Turns } from './pace/turns.ts';
import type { ResetReason } from './sink.ts';
import { sendSnapshot } from './snapshot.ts';
import { type ResolvedStart, resolveStart } from './start.ts';
import type { Joining, Subscriber, SubscriptionRequest } from './subscriber.ts';

/** What the feeder needs of the hub. */
export interface FeederPort {
  readonly ledger: Ledger;
  readonly history: History;
  readonly turns: Turns;
  readonly delivery: Delivery;
  readonly pacer: Pick<Pacer, 'admit' | 'charge'>;
  readonly metrics: HubMetrics;
  readonly clock: Clock;
  readonly random: Random;
  /** The newest change that fan-out has begun. */
  head(): { epoch: string; sequence: number };
  /** Adds the subscription to the index, from `from` on. */
  activate(subscriber: Subscriber, request: SubscriptionRequest, from: number): void;
}

const lagMs = 5;
const retry = { baseMs: 200, maxMs: 5_000 };

/** One catch-up of one subscriber, from falling behind to going live. */
interface Run {
  readonly subscriber: Subscriber;
  readonly port: FeederPort;
  /** It has had its turn of the pace. */
  admitted: boolean;
  /** Why the ledger has not what the subscriber needs next; null: it has. */
  gone: ResetReason | null;
}

/** Returns when the subscriber is live or closed. Never rejects for what the ledger refuses: it waits, or resets. */
export async function feed(subscriber: Subscriber, port: FeederPort): Promise<void> {
  const run: Run = { subscriber, port, admitted: false, gone: null };
  let failures = 0;
  while (subscriber.state === 'behind') {
    if (subscriber.blockedAt > 0) {
      await subscriber.sleep();
      continue;
    }
    const unresolved = subscriber.joining?.find((each) => each.cursor === null);
    const joining = subscriber.joining?.[0];
    try {
      if (subscriber.lost !== null) tellLost(subscriber, subscriber.lost, port);
      else if (unresolved !== undefined) await begin(unresolved, run);
      else if (run.gone !== null) await fallBelowFloor(run, run.gone);
      else if (joining !== undefined) await advanceJoining(joining, run);
      else if (subscriber.subscriptions.length === 0) await subscriber.sleep();
      else if (subscriber.cursor >= port.head().sequence) return port.delivery.goLive(subscriber);
      else await advance(run);
      failures = 0;
    } catch (error) {
      if (!(error instanceof ManifeedError)) throw error;
      // The ledger is away. The subscriber is told nothing false: it waits.
      if (error.code !== 'POSITION_GONE') await port.clock.sleep(backoffMs(failures++, retry, port.random));
      else if (joining === undefined) run.gone = reasonOf(error);
      else {
        // Beginning it again tells the reset to this subscription alone, with the snapshot that it asked for.
        joining.lost = reasonOf(error);
        joining.cursor = null;
      }
    }
  }
}

async function advance(run: Run): Promise<void> {
  const { subscriber, port } = run;
  const repositories = subscriber.exactRepositories();
  const wants = (frame: Frame) => subscriber.wants(frame.change, frame.key);
  const moved = await deliverPage(run, subscriber.cursor, repositories, {
    isOver: () => false,
    filters: () => subscriber.subscriptions.map(({ group }) => group.filter),
    wants,
    moveTo: (sequence) => {
      subscriber.cursor = Math.max(subscriber.cursor, sequence);
      forgetAhead(subscriber);
    },
  });
  // A replica may lag behind the head that was announced; asking again at once would only spin.
  if (!moved && subscriber.state === 'behind') await port.clock.sleep(lagMs);
}

async function advanceJoining(joining: Joining, run: Run): Promise<void> {
  const { subscriber, port } = run;
  if (joining.cursor === null) return;
  if (subscriber.subscriptions.length === 0) {
    subscriber.cursor = joining.cursor;
    subscriber.ahead = null;
  }
  if (joining.cursor >= subscriber.cursor) return join(joining, run, joining.cursor);
  const { filter } = joining.request;
  const upTo = subscriber.cursor;
  const moved = await deliverPage(
    run,
    joining.cursor,
    filter.patterns.length > 0 ? undefined : filter.repositories,
    {
      isOver: () => !(subscriber.joining?.includes(joining) ?? false),
      filters: () => [filter],
      wants: (frame) =>
        frame.sequence <= upTo && subscriber.grant.allows(frame.key) && filter.matches(frame.change),
      // Not beyond the others: what comes after is replayed for all together.
      moveTo: (sequence) => {
        joining.cursor = Math.min(sequence, upTo);
      },
    },
  );
  if (!moved && subscriber.state === 'behind') await port.clock.sleep(lagMs);
}

function join(joining: Joining, { subscriber, port }: Run, from: number): void {
  const others = subscriber.joining?.filter((each) => each !== joining) ?? [];
  subscriber.joining = others.length > 0 ? others : null;
  port.activate(subscriber, joining.request, from);
}

/** Resolves where a subscription begins; sends the reset and the snapshot that this calls for. */
async function begin(joining: Joining, { subscriber, port }: Run): Promise<void> {
  const { request } = joining;
  const { epoch } = port.head();
  const isOver = () =>
    subscriber.state !== 'behind' ||
    port.head().epoch !== epoch ||
    !(subscriber.joining?.includes(joining) ?? false);
  const bounds = await port.ledger.bounds();
  // Continuity was lost, and the tail is about to say so.
  if (bounds.epoch !== epoch)
    throw new ManifeedError('UNAVAILABLE', `resume: ledger is at epoch ${bounds.epoch}: must be ${epoch}`);
  const resolved: ResolvedStart =
    joining.lost === null
      ? await resolveStart(request.start, bounds, port.ledger, port.head().sequence)
      : { sequence: port.head().sequence, reset: joining.lost };
  if (isOver()) return;
  const { sequence, reset: reason } = resolved;
  if (!joining.told) {
    joining.told = true;
    port.delivery.tell(subscriber, { kind: 'subscribed', id: request.id });
  }
  if (reason !== null) tellReset(subscriber, { id: request.id, bounds, sequence, reason }, port);
  const resumes = request.start.kind !== 'live' && reason === null;
  if (request.snapshot && !resumes) await sendSnapshot(subscriber, request, isOver, port);
  if (isOver()) return;
  joining.lost = null;
  joining.cursor = sequence;
}

interface Goal {
  /** What it is for is gone. */
  isOver(): boolean;
  filters(): readonly Filter[];
  wants(frame: Frame): boolean;
  /** Everything up to this sequence is delivered. */
  moveTo(sequence: number): void;
}

/** Writes the wanted frames of the page after `from`. False: the page was empty and ended where it began. */
async function deliverPage(
  run: Run,
  from: number,
  repositories: readonly string[] | undefined,
  goal: Goal,
): Promise<boolean> {
  const { subscriber, port } = run;
  const { epoch } = port.head();
  const isOver = () => subscriber.state !== 'behind' || port.head().epoch !== epoch || goal.isOver();
  await (port.turns.take() ?? undefined);
  const page: HistoryPage = await port.history.page(from, repositories === undefined ? {} : { repositories });
  if (isOver()) return true;
  port.turns.spend(page.frames.length);
  const { wants } = goal;
  const judged = { grant: subscriber.grant, filters: goal.filters(), wants, isOver };
  const wanted = await judgeFrames(page.frames, judged, port.turns);
  if (isOver()) return true;
  const isNew = (frame: Frame) => !subscriber.ahead?.has(frame.sequence);
  const newest = subscriber.conflate ? newestPerSubject(wanted.filter(isNew)) : null;
  const toDeliver = new Set(wanted);
  for (const frame of page.frames) {
    let due = toDeliver.has(frame) && isNew(frame);
    if (due && newest !== null && newest.get(frame.subject) !== frame) {
      port.metrics.superseded();
      due = false;
    }
    if (due) {
      const paid = subscriber.paced && (await admit(frame, run));
      while (subscriber.blockedAt > 0 && !isOver()) await subscriber.sleep();
      due = !isOver() && wants(frame) && isNew(frame);
      if (!due && paid) port.pacer.charge(frame.key, -1);
      if (isOver()) return true;
    }
    goal.moveTo(frame.sequence);
    if (due) port.delivery.write(subscriber, frame, Math.min(frame.sequence, subscriber.lowestJoining()));
  }
  goal.moveTo(page.next);
  return page.next > from;
}

/** A catch-up takes its turn once and then runs; what it delivers is charged, so the next ones wait longer. */
async function admit(frame: Frame, run: Run): Promise<true> {
  if (run.admitted) run.port.pacer.charge(frame.key, 1);
  else await (run.port.pacer.admit(frame.key, run.subscriber) ?? undefined);
  run.admitted = true;
  return true;
}

function newestPerSubject(frames: readonly Frame[]): Map<string, Frame> {
  return new Map(frames.map((frame) => [frame.subject, frame]));
}

function forgetAhead(subscriber: Subscriber): void {
  if (subscriber.ahead === null) return;
  for (const sequence of subscriber.ahead)
    if (sequence <= subscriber.cursor) subscriber.ahead.delete(sequence);
  if (subscriber.ahead.size === 0) subscriber.ahead = null;
}

/** Retention was faster than the subscriber, or the changes were lost: it is told, and goes on at the head. */
async function fallBelowFloor(run: Run, reason: ResetReason): Promise<void> {
  const { subscriber, port } = run;
  const { epoch, sequence } = port.head();
  const bounds = await port.ledger.bounds();
  run.gone = null;
  if (subscriber.state !== 'behind' || port.head().epoch !== epoch) return;
  // Not below: a replica lags behind the head that was announced.
  if (subscriber.cursor >= bounds.floor) return port.clock.sleep(lagMs);
  for (const { id } of subscriber.subscriptions) {
    tellReset(subscriber, { id, bounds, sequence, reason }, port);
  }
  subscriber.cursor = sequence;
  subscriber.ahead = null;
}

/** A ledger says so where changes are missing or damaged; otherwise retention dropped them. */
function reasonOf(error: ManifeedError): ResetReason {
  return error.detail?.reason === 'continuity-lost' ? 'continuity-lost' : 'below-floor';
}

/** Tells every running subscription that continuity was lost. */
function tellLost(subscriber: Subscriber, bounds: Bounds, port: FeederPort): void {
  subscriber.lost = null;
  const { cursor: sequence } = subscriber;
  for (const { id } of subscriber.subscriptions) {
    tellReset(subscriber, { id, bounds, sequence, reason: 'continuity-lost' }, port);
  }
}

interface Reset {
  readonly id: string;
  readonly bounds: Bounds;
  /** Where the stream goes on. */
  readonly sequence: number;
  readonly reason: ResetReason;
}

function tellReset(
  subscriber: Subscriber,
  { id, bounds, sequence, reason }: Reset,
  port: Pick<FeederPort, 'delivery' | 'metrics'>,
): void {
  port.metrics.reset(reason);
  const position = formatPosition(bounds.epoch, sequence);
  const floor = formatPosition(bounds.epoch, bounds.floor);
  port.delivery.tell(subscriber, { kind: 'reset', id, reason, position, floor });
}
