/**
 * Feeds one subscriber that is behind: resolves where its subscriptions begin, sends snapshots, replays from
 * history in bounded pages, and lets it go live in the very tick in which it has reached the head, so that
 * replay and live meet without gap or duplicate. Writes no faster than the socket drains.
 *
 * A connection's later subscription replays alone up to where the others stand, while those wait: every
 * resume position sent meanwhile is the replay's, and so never passes anything undelivered.
 */
import { ManifeedError } from '../errors.ts';
import { formatPosition } from '../event/position.ts';
import { repositoryKey } from '../event/reference.ts';
import type { Bounds, Ledger } from '../ledger/ledger.ts';
import { backoffMs } from '../lib/backoff.ts';
import type { Clock } from '../lib/clock.ts';
import type { Random } from '../lib/random.ts';
import type { Frame } from './frame.ts';
import type { History, HistoryPage } from './history.ts';
import type { Control, ResetReason } from './sink.ts';
import { resolveStart } from './start.ts';
import type { Joining, Subscriber } from './subscriber.ts';

/** What the feeder needs of the hub. */
export interface FeederPort {
  readonly ledger: Ledger;
  readonly history: History;
  readonly clock: Clock;
  readonly random: Random;
  /** The newest change that fan-out has begun. */
  head(): { epoch: string; sequence: number };
  /** Adds the subscription to the index, from `from` on. */
  activate(subscriber: Subscriber, joining: Joining, from: number): void;
  /** The subscriber stands at the head: from now on it gets changes as they come. */
  goLive(subscriber: Subscriber): void;
  write(subscriber: Subscriber, frame: Frame, resume: number): void;
  countReset(reason: ResetReason): void;
  /** One paced delivery; null: at once. */
  admit(repositoryKey: string): Promise<void> | null;
  charge(repositoryKey: string, deliveries: number): void;
  countSuperseded(): void;
}

const snapshotPageSize = 500;
const lagMs = 5;
const retry = { baseMs: 200, maxMs: 5_000 };

/** Returns when the subscriber is live or closed. Never rejects for what the ledger refuses: it waits, or resets. */
export async function feed(subscriber: Subscriber, port: FeederPort): Promise<void> {
  let failures = 0;
  let admitted = false;
  const admit = async (frame: Frame): Promise<void> => {
    // A catch-up takes its turn once and then runs; what it delivers is charged, so the next ones wait longer.
    if (admitted) return port.charge(frame.key, 1);
    await (port.admit(frame.key) ?? undefined);
    admitted = true;
  };
  while (subscriber.state === 'behind') {
    if (subscriber.blockedAt > 0) {
      await subscriber.sleep();
      continue;
    }
    try {
      const unresolved = subscriber.joining?.find((each) => each.cursor === null);
      const joining = subscriber.joining?.[0];
      if (unresolved !== undefined) await begin(subscriber, unresolved, port);
      else if (joining !== undefined) await advanceJoining(subscriber, joining, port, admit);
      else if (subscriber.subscriptions.length === 0) await subscriber.sleep();
      else if (subscriber.cursor >= port.head().sequence) return port.goLive(subscriber);
      else await advance(subscriber, port, admit);
      failures = 0;
    } catch (error) {
      if (!(error instanceof ManifeedError)) throw error;
      if (error.code === 'POSITION_GONE') await fallBelowFloor(subscriber, port);
      // The ledger is away. The subscriber is told nothing false: it waits.
      else await port.clock.sleep(backoffMs(failures++, retry, port.random));
    }
  }
}

type Admit = (frame: Frame) => Promise<void>;

async function advance(subscriber: Subscriber, port: FeederPort, admit: Admit): Promise<void> {
  const before = subscriber.cursor;
  const repositories = subscriber.exactRepositories();
  const page = await port.history.page(subscriber.cursor, repositories === undefined ? {} : { repositories });
  const wanted = (frame: Frame) => subscriber.wants(frame.change, frame.key);
  await deliver(subscriber, page, wanted, port, admit, (sequence) => {
    subscriber.cursor = sequence;
    forgetAhead(subscriber);
  });
  // A replica may lag behind the head that was announced; asking again at once would only spin.
  if (subscriber.cursor === before && subscriber.state === 'behind') await port.clock.sleep(lagMs);
}

async function advanceJoining(
  s: Subscriber,
  joining: Joining,
  port: FeederPort,
  admit: Admit,
): Promise<void> {
  if (joining.cursor === null) return;
  if (s.subscriptions.length === 0) {
    s.cursor = joining.cursor;
    s.ahead = null;
    return join(s, joining, port, joining.cursor);
  }
  if (joining.cursor >= s.cursor) return join(s, joining, port, joining.cursor);
  const { filter } = joining.request;
  const repositories = filter.patterns.length > 0 ? undefined : filter.repositories;
  const page = await port.history.page(joining.cursor, repositories === undefined ? {} : { repositories });
  const wanted = (frame: Frame) =>
    frame.sequence <= s.cursor && s.grant.allows(frame.key) && filter.matches(frame.change);
  const before = joining.cursor;
  await deliver(s, page, wanted, port, admit, (sequence) => {
    joining.cursor = sequence;
  });
  if (joining.cursor === before && s.state === 'behind') await port.clock.sleep(lagMs);
}

function join(subscriber: Subscriber, joining: Joining, port: FeederPort, from: number): void {
  subscriber.joining?.shift();
  if (subscriber.joining?.length === 0) subscriber.joining = null;
  port.activate(subscriber, joining, from);
}

/** The lowest position of the subscriptions still on their way in; resume positions may not pass it. */
export function lowestJoining(subscriber: Subscriber): number {
  let lowest = Number.POSITIVE_INFINITY;
  for (const { cursor } of subscriber.joining ?? []) if (cursor !== null) lowest = Math.min(lowest, cursor);
  return lowest;
}

/** Resolves where a subscription begins; sends the reset and the snapshot that this calls for. */
async function begin(subscriber: Subscriber, joining: Joining, port: FeederPort): Promise<void> {
  const { request } = joining;
  const bounds = await port.ledger.bounds();
  const resolved = await resolveStart(request.start, bounds, port.ledger, port.head().sequence);
  if (subscriber.state !== 'behind') return;
  tell(subscriber, { kind: 'subscribed', id: request.id }, port);
  if (resolved.reset !== null)
    tellReset(subscriber, request.id, bounds, resolved.sequence, resolved.reset, port);
  const resumes = request.start.kind !== 'live' && resolved.reset === null;
  if (request.snapshot && !resumes) await snapshot(subscriber, joining, port);
  joining.cursor = resolved.sequence;
}

async function snapshot(subscriber: Subscriber, joining: Joining, port: FeederPort): Promise<void> {
  const { filter, id } = joining.request;
  const narrowed = filter.patterns.length > 0 ? {} : { repositories: filter.repositories };
  let cursor: string | null = null;
  do {
    const query = cursor === null ? narrowed : { ...narrowed, cursor };
    const page: Awaited<ReturnType<Ledger['tags']>> = await port.ledger.tags({
      ...query,
      limit: snapshotPageSize,
    });
    for (const tag of page.tags) {
      const key = repositoryKey(tag);
      if (!subscriber.grant.allows(key) || !filter.matchesRepository(key) || !filter.matchesTag(tag.tag))
        continue;
      while (subscriber.blockedAt > 0 && subscriber.state === 'behind') await subscriber.sleep();
      if (subscriber.state !== 'behind') return;
      tell(subscriber, { kind: 'state', id, tag }, port);
    }
    cursor = page.cursor;
  } while (cursor !== null);
}

/** Writes the page's wanted frames and moves the cursor over all of them, unless the subscriber is closed meanwhile. */
async function deliver(
  subscriber: Subscriber,
  page: HistoryPage,
  wanted: (frame: Frame) => boolean,
  port: FeederPort,
  admit: Admit,
  moveTo: (sequence: number) => void,
): Promise<void> {
  const last = subscriber.conflate ? newestPerSubject(page.frames) : null;
  for (const frame of page.frames) {
    let due = false;
    if (wanted(frame) && !subscriber.ahead?.has(frame.sequence)) {
      if (last !== null && last.get(frame.subject) !== frame) port.countSuperseded();
      else {
        if (subscriber.paced) await admit(frame);
        while (subscriber.blockedAt > 0 && subscriber.state === 'behind') await subscriber.sleep();
        if (subscriber.state !== 'behind') return;
        due = true;
      }
    }
    moveTo(frame.sequence);
    if (due) port.write(subscriber, frame, Math.min(frame.sequence, lowestJoining(subscriber)));
  }
  moveTo(page.next);
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

/** Retention was faster than the subscriber: it is told, and goes on at the head. */
async function fallBelowFloor(subscriber: Subscriber, port: FeederPort): Promise<void> {
  const joining = subscriber.joining?.[0];
  // Beginning it again finds its start below the floor, and says so for this subscription alone.
  if (joining !== undefined) {
    joining.cursor = null;
    return;
  }
  const bounds = await port.ledger.bounds();
  if (subscriber.state === 'behind') tellResetToAll(subscriber, bounds, 'below-floor', port);
}

/** Tells every running subscription, and puts the subscriber at the head. */
export function tellResetToAll(
  subscriber: Subscriber,
  bounds: Bounds,
  reason: ResetReason,
  port: Pick<FeederPort, 'head' | 'clock' | 'countReset'>,
): void {
  const { sequence } = port.head();
  for (const { id } of subscriber.subscriptions) tellReset(subscriber, id, bounds, sequence, reason, port);
  subscriber.cursor = sequence;
  subscriber.ahead = null;
}

function tellReset(
  subscriber: Subscriber,
  id: string,
  bounds: Bounds,
  sequence: number,
  reason: ResetReason,
  port: Pick<FeederPort, 'clock' | 'countReset'>,
): void {
  port.countReset(reason);
  const position = formatPosition(bounds.epoch, sequence);
  const floor = formatPosition(bounds.epoch, bounds.floor);
  tell(subscriber, { kind: 'reset', id, reason, position, floor }, port);
}

function tell(subscriber: Subscriber, control: Control, port: Pick<FeederPort, 'clock'>): void {
  if (!subscriber.sink.tell(control)) subscriber.blockedAt = port.clock.monotonic();
}
