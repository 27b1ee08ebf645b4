/**
 * Feeds one subscriber that is behind: resolves where its subscriptions begin, sends snapshots, and replays history
 * in bounded pages, no faster than the socket drains. The subscriber goes live in the same tick in which it reaches
 * the head, so replay and live changes meet without gap or duplicate.
 *
 * A later subscription of the connection replays alone up to the position of the others, which wait. Resume
 * positions sent meanwhile are the replay's, so they never pass an undelivered change.
 *
 * During each await the connection may close, the subscription end or the epoch change, so each step checks again
 * before it writes.
 */
import { ManifeedError } from '../errors.ts';
import type { Filter } from '../event/filter.ts';
import { formatPosition } from '../event/position.ts';
import type { Bounds, Ledger } from '../ledger/ledger.ts';
import { backoffMs } from '../lib/backoff.ts';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { Random } from '../lib/random.ts';
import { Chosen, type Wishes } from './chosen.ts';
import type { Deliverer } from './deliverer.ts';
import type { Frame } from './frame.ts';
import type { History, HistoryPage } from './history.ts';
import type { HubMetrics } from './hub-metrics.ts';
import { judgeFrames } from './judge.ts';
import type { Pacer } from './pace/pacer.ts';
import type { ChangeQueue } from './queue.ts';
import type { ResetReason } from './sink.ts';
import { sendSnapshot } from './snapshot.ts';
import { type ResolvedStart, resolveStart } from './start.ts';
import type { Joining, Subscriber, SubscriberTable } from './subscriber.ts';
import type { Subscriptions } from './subscriptions.ts';
import type { Turns } from './turns.ts';

/** What a feeder works with. */
export interface FeederParts {
  readonly ledger: Pick<Ledger, 'bounds' | 'seek' | 'listTags'>;
  readonly history: History;
  readonly turns: Turns;
  readonly deliverer: Deliverer;
  readonly pacer: Pick<Pacer, 'admit' | 'charge'>;
  readonly subscriptions: Subscriptions;
  readonly queue: Pick<ChangeQueue, 'epoch' | 'head'>;
  readonly metrics: HubMetrics;
  readonly clock: Clock;
  readonly random: Random;
  readonly table: SubscriberTable;
  readonly log: Log;
}

const lagMs = 5;
const retry = { baseMs: 200, maxMs: 5_000 };

/** One catch-up of one subscriber, from falling behind to going live. */
interface Run {
  readonly subscriber: Subscriber;
  readonly parts: FeederParts;
  /** The pace has given it a turn. */
  admitted: boolean;
  /** Why the ledger lacks what the subscriber needs next; null: it has it. */
  gone: ResetReason | null;
}

/** Returns when the subscriber is live or closed. If the ledger refuses, it waits or resets; it does not reject. */
export async function feed(subscriber: Subscriber, parts: FeederParts): Promise<void> {
  const run: Run = { subscriber, parts, admitted: false, gone: null };
  let failures = 0;
  while (subscriber.state === 'behind') {
    if (subscriber.blockedAt > 0) {
      await subscriber.sleep();
      continue;
    }
    const unresolved = subscriber.joining?.find((each) => each.cursor === null);
    const joining = subscriber.joining?.[0];
    try {
      if (subscriber.lost !== null) tellLost(subscriber, subscriber.lost, parts);
      else if (unresolved !== undefined) await begin(unresolved, run);
      else if (run.gone !== null) await fallBelowFloor(run, run.gone);
      else if (joining !== undefined) await advanceJoining(joining, run);
      else if (subscriber.subscriptions.length === 0) await subscriber.sleep();
      else if (subscriber.cursor >= parts.queue.head) return parts.deliverer.goLive(subscriber);
      else await advance(run);
      failures = 0;
    } catch (error) {
      if (!(error instanceof ManifeedError)) throw error;
      // The ledger is unavailable: wait, and send nothing.
      if (error.code !== 'POSITION_GONE') await parts.clock.sleep(backoffMs(failures++, retry, parts.random));
      else if (joining === undefined) run.gone = reasonOf(error);
      else {
        // Begins again, which sends the reset to this subscription alone, with the snapshot that it asked for.
        joining.lost = reasonOf(error);
        joining.cursor = null;
      }
    }
  }
}

async function advance(run: Run): Promise<void> {
  const { subscriber, parts } = run;
  const repositories = subscriber.exactRepositories();
  const moved = await deliverPage(run, subscriber.cursor, repositories, {
    hasEnded: () => false,
    filters: () => subscriber.subscriptions.map(({ group }) => group.filter),
    wants: (frame) => subscriber.wants(frame.change, frame.key),
    wantsInstead: (earlier, frame) => subscriber.wantsInstead(earlier.change, frame.change, frame.key),
    moveTo: (sequence) => {
      subscriber.cursor = Math.max(subscriber.cursor, sequence);
      forgetAhead(subscriber);
    },
  });
  // A replica may lag behind the announced head: asking again at once would only spin.
  if (!moved && subscriber.state === 'behind') await parts.clock.sleep(lagMs);
}

async function advanceJoining(joining: Joining, run: Run): Promise<void> {
  const { subscriber, parts } = run;
  if (joining.cursor === null) return;
  if (subscriber.subscriptions.length === 0) {
    subscriber.cursor = joining.cursor;
    subscriber.ahead = null;
  }
  if (joining.cursor >= subscriber.cursor) return join(joining, run, joining.cursor);
  const { filter } = joining.request;
  const upTo = subscriber.cursor;
  const isAllowed = (frame: Frame) => frame.sequence <= upTo && subscriber.grant.allows(frame.key);
  const moved = await deliverPage(
    run,
    joining.cursor,
    filter.patterns.length > 0 ? undefined : filter.repositories,
    {
      hasEnded: () => !(subscriber.joining?.includes(joining) ?? false),
      filters: () => [filter],
      wants: (frame) => isAllowed(frame) && filter.matches(frame.change),
      wantsInstead: (_, frame) => isAllowed(frame) && filter.mayReplace(frame.change),
      // Not beyond the others: later changes are replayed for all together.
      moveTo: (sequence) => {
        joining.cursor = Math.min(sequence, upTo);
      },
    },
  );
  if (!moved && subscriber.state === 'behind') await parts.clock.sleep(lagMs);
}

function join(joining: Joining, { subscriber, parts }: Run, from: number): void {
  const others = subscriber.joining?.filter((each) => each !== joining) ?? [];
  subscriber.joining = others.length > 0 ? others : null;
  parts.subscriptions.activate(subscriber, joining.request, from);
}

/** Resolves where a subscription begins, and sends the reset and the snapshot that it needs. */
async function begin(joining: Joining, { subscriber, parts }: Run): Promise<void> {
  const { request } = joining;
  const { epoch } = parts.queue;
  const isCancelled = () =>
    subscriber.state !== 'behind' ||
    parts.queue.epoch !== epoch ||
    !(subscriber.joining?.includes(joining) ?? false);
  const bounds = await parts.ledger.bounds();
  // Continuity was lost; the tail will announce it soon.
  if (bounds.epoch !== epoch)
    throw new ManifeedError('UNAVAILABLE', `resume: ledger is at epoch ${bounds.epoch}: must be ${epoch}`);
  const resolved: ResolvedStart =
    joining.lost === null
      ? await resolveStart(request.start, bounds, parts.ledger, parts.queue.head)
      : { sequence: parts.queue.head, reset: joining.lost };
  if (isCancelled()) return;
  const { sequence, reset: reason } = resolved;
  if (!joining.told) {
    joining.told = true;
    parts.deliverer.tell(subscriber, { kind: 'subscribed', id: request.id });
  }
  if (reason !== null) tellReset(subscriber, request.id, { bounds, sequence, reason }, parts);
  const resumes = request.start.kind !== 'live' && reason === null;
  if (request.snapshot && !resumes) await sendSnapshot(subscriber, request, isCancelled, parts);
  if (isCancelled()) return;
  joining.lost = null;
  joining.cursor = sequence;
}

interface Goal extends Wishes {
  /** Whether the subscription that it serves has ended. */
  hasEnded(): boolean;
  filters(): readonly Filter[];
  /** Everything up to this sequence is delivered. */
  moveTo(sequence: number): void;
}

/** Writes the wanted frames of the page after `from`. False: the page was empty and did not advance. */
async function deliverPage(
  run: Run,
  from: number,
  repositories: readonly string[] | undefined,
  goal: Goal,
): Promise<boolean> {
  const { subscriber, parts } = run;
  const { epoch } = parts.queue;
  const isCancelled = () => subscriber.state !== 'behind' || parts.queue.epoch !== epoch || goal.hasEnded();
  await (parts.turns.take() ?? undefined);
  const page: HistoryPage = await parts.history.page(
    from,
    repositories === undefined ? {} : { repositories },
  );
  if (isCancelled()) return true;
  parts.turns.spend(page.frames.length);
  const isNew = (frame: Frame) => !subscriber.ahead?.has(frame.sequence);
  const wishes: Wishes = {
    wants: (frame) => isNew(frame) && goal.wants(frame),
    wantsInstead: (earlier, frame) => isNew(frame) && goal.wantsInstead(earlier, frame),
  };
  const chosen = new Chosen(wishes, subscriber.conflate);
  const judged = { grant: subscriber.grant, filters: goal.filters(), wants: chosen.take, isCancelled };
  const toDeliver = new Set(await judgeFrames(page.frames, judged, parts.turns));
  if (isCancelled()) return true;
  for (const frame of page.frames) {
    let due = toDeliver.has(frame);
    if (due && chosen.isReplaced(frame)) {
      parts.metrics.superseded.inc();
      due = false;
    }
    if (due) {
      const paid = subscriber.paced && (await admit(frame, run));
      while (subscriber.blockedAt > 0 && !isCancelled()) await subscriber.sleep();
      due = !isCancelled() && chosen.isStillWanted(frame);
      if (!due && paid) parts.pacer.charge(frame.key, -1);
      if (isCancelled()) return true;
    }
    goal.moveTo(frame.sequence);
    if (due) parts.deliverer.write(subscriber, frame, Math.min(frame.sequence, subscriber.lowestJoining()));
  }
  goal.moveTo(page.next);
  return page.next > from;
}

/** A catch-up waits for the pace once. Each further delivery is charged, so the next catch-ups wait longer. */
async function admit(frame: Frame, run: Run): Promise<true> {
  if (run.admitted) run.parts.pacer.charge(frame.key, 1);
  else await (run.parts.pacer.admit(frame.key, run.subscriber) ?? undefined);
  run.admitted = true;
  return true;
}

function forgetAhead(subscriber: Subscriber): void {
  if (subscriber.ahead === null) return;
  for (const sequence of subscriber.ahead)
    if (sequence <= subscriber.cursor) subscriber.ahead.delete(sequence);
  if (subscriber.ahead.size === 0) subscriber.ahead = null;
}

/** Retention overtook the subscriber, or changes were lost: it gets a reset and continues at the head. */
async function fallBelowFloor(run: Run, reason: ResetReason): Promise<void> {
  const { subscriber, parts } = run;
  const { epoch, head: sequence } = parts.queue;
  const bounds = await parts.ledger.bounds();
  run.gone = null;
  if (subscriber.state !== 'behind' || parts.queue.epoch !== epoch) return;
  // It is not below: a replica lags behind the announced head.
  if (subscriber.cursor >= bounds.floor) return parts.clock.sleep(lagMs);
  tellResetToAll(subscriber, { bounds, sequence, reason }, parts);
  subscriber.cursor = sequence;
  subscriber.ahead = null;
}

/** The ledger names missing or damaged changes; otherwise retention dropped them. */
function reasonOf(error: ManifeedError): ResetReason {
  return error.detail?.reason === 'continuity-lost' ? 'continuity-lost' : 'below-floor';
}

function tellLost(subscriber: Subscriber, bounds: Bounds, parts: FeederParts): void {
  subscriber.lost = null;
  tellResetToAll(subscriber, { bounds, sequence: subscriber.cursor, reason: 'continuity-lost' }, parts);
}

interface Reset {
  readonly bounds: Bounds;
  /** Where the stream continues. */
  readonly sequence: number;
  readonly reason: ResetReason;
}

function tellResetToAll(subscriber: Subscriber, reset: Reset, parts: FeederParts): void {
  for (const { id } of subscriber.subscriptions) tellReset(subscriber, id, reset, parts);
}

function tellReset(
  subscriber: Subscriber,
  id: string,
  { bounds, sequence, reason }: Reset,
  { metrics, deliverer }: FeederParts,
): void {
  metrics.resets.inc({ reason });
  const position = formatPosition(bounds.epoch, sequence);
  const floor = formatPosition(bounds.epoch, bounds.floor);
  deliverer.tell(subscriber, { kind: 'reset', id, reason, position, floor });
}
