/** Long-poll: an ordinary request and answer each time, for networks that let nothing else through. */
import { Stopwatch } from '../clock.ts';
import { asFeedError, FeedError, protocolError } from '../feed-error.ts';
import { toQuery } from '../filter.ts';
import { placeOf } from '../position.ts';
import type { Change } from '../wire.ts';
import { readText, request, withDeadline } from './http.ts';
import { isObject, type Members, parseList, parseObject, toChange, toMessage, toRow } from './messages.ts';
import { type Ask, lost, type Receiver, type Transport, type TransportParts } from './transport.ts';

/** Most changes in one answer: half of what the receiver's buffer holds. */
const changesPerAnswer = '500';
/** Time for an answer, besides the time that the gateway is asked to wait, ms. */
const answerMs = 30_000;
/** No gateway that was asked to wait, and has no change, answers sooner; but for one that shuts down, ms. */
const leastWaitMs = 1_000;

/** What one connection has learned for the next. */
interface Habits {
  /** How long the gateway is asked to wait for a change, s: less where its operator allows less. */
  waitSeconds: number;
  /** Whether to wait before all is read too: a gateway that is slow, or paced, answers nothing else in time. */
  isPatient: boolean;
}

/** Makes the transport. */
export function longPollTransport(parts: TransportParts): Transport {
  const habits: Habits = { waitSeconds: 20, isPatient: false };
  return async (ask, receiver, signal) => {
    try {
      return await new Polls(parts, habits, ask, receiver, signal).run();
    } catch (error) {
      return lost(asFeedError(error, 'read changes'));
    }
  };
}

interface Answer {
  readonly changes: readonly Change[];
  /** Characters of the body. */
  readonly size: number;
  /** Where the next request continues. */
  readonly position: string;
}

class Polls {
  readonly #parts: TransportParts;
  readonly #habits: Habits;
  readonly #ask: Ask;
  readonly #receiver: Receiver;
  readonly #signal: AbortSignal;
  /** Where the replay is complete. */
  #goal = '';
  #wasReset = false;

  constructor(parts: TransportParts, habits: Habits, ask: Ask, receiver: Receiver, signal: AbortSignal) {
    this.#parts = parts;
    this.#habits = habits;
    this.#ask = ask;
    this.#receiver = receiver;
    this.#signal = signal;
  }

  /** Never resolves. @throws FeedError when a request fails */
  async run(): Promise<never> {
    const { start } = this.#ask;
    this.#goal = await this.#head();
    // Rows first: they may be newer than the head, and the changes after it correct them.
    if (start.snapshot) await this.#rows();
    const isLive = start.after === null && start.since === null;
    let at = isLive ? this.#goal : await this.#next(start.after, this.#habits.isPatient);
    for (let isReady = false; ; at = await this.#next(at, isReady || this.#habits.isPatient)) {
      if (isReady || !reaches(at, this.#goal)) continue;
      isReady = true;
      this.#receiver.take({ kind: 'ready', position: at, heartbeatMs: 0 }, at.length);
    }
  }

  /** Where live changes begin: `n=0` answers at once. */
  async #head(): Promise<string> {
    const query = toQuery(this.#ask.filter, fromNow);
    query.set('n', '0');
    return (await this.#poll(query, 0)).position;
  }

  /** What the tags point at now: a long-poll has no snapshot of its own. */
  async #rows(): Promise<void> {
    const { repository, tag } = this.#ask.filter;
    const query = toQuery({ ...(repository && { repository }), ...(tag && { tag }) }, fromNow);
    query.set('n', '1000');
    for (let cursor: string | null = ''; cursor !== null; ) {
      if (cursor !== '') query.set('cursor', cursor);
      await this.#receiver.room(this.#signal);
      const { text } = await this.#get('/v1/tags', query, 0);
      const { tags, next } = parseObject(text);
      if (!Array.isArray(tags)) throw protocolError('read tags: must be a list');
      for (const row of tags)
        this.#receiver.take({ kind: 'state', row: toRow(row) }, text.length / tags.length);
      cursor = typeof next === 'string' ? next : null;
    }
  }

  /** Hands on the changes after a position, null: those since the time that was asked for. Returns where to go on. */
  async #next(at: string | null, waits: boolean): Promise<string> {
    const { filter, start } = this.#ask;
    await this.#receiver.room(this.#signal);
    const query = toQuery(filter, { after: at, since: at === null ? start.since : null, snapshot: false });
    query.set('n', changesPerAnswer);
    try {
      const watch = new Stopwatch(this.#parts.clock);
      const answer = await this.#poll(query, waits ? this.#habits.waitSeconds : 0);
      this.#handOn(answer, at);
      if (answer.changes.length === 0 && answer.position === at) this.#idle(waits, watch.lap());
      return answer.position;
    } catch (error) {
      if (!(error instanceof FeedError)) throw error;
      if (error.code === 'POSITION_GONE' && error.detail !== null) return this.#reset(error.detail);
      if (error.code === 'UNAVAILABLE') this.#habits.isPatient = true;
      if (error.detail?.parameter !== 'wait' || this.#habits.waitSeconds === 1) throw error;
      this.#habits.waitSeconds = Math.floor(this.#habits.waitSeconds / 2);
      return this.#next(at, waits);
    }
  }

  #handOn({ changes, size, position }: Answer, at: string | null): void {
    const resumes = resumesOf(changes, position);
    changes.forEach((change, index) => {
      const resume = resumes[index] ?? position;
      this.#receiver.take({ kind: 'change', resume, change }, size / changes.length);
    });
    if (changes.length === 0 && position !== at)
      this.#receiver.take({ kind: 'bookmark', position }, position.length);
  }

  /** Nothing came. Whoever asked again at once, and again, would do so for ever. */
  #idle(waited: boolean, tookMs: number): void {
    // What answers is behind the gateway that named the head.
    if (!waited) this.#habits.isPatient = true;
    else if (tookMs < leastWaitMs)
      throw protocolError('read changes: an answer without any came at once: must wait (a cache?)');
  }

  /** @throws FeedError at the second one of a connection: gateways that do not share a ledger would go on for ever */
  #reset(detail: Members): string {
    const message = toMessage('reset', detail);
    if (message?.kind !== 'reset') throw protocolError('read reset: must have reason, position and floor');
    if (this.#wasReset)
      throw new FeedError('POSITION_GONE', `resume: ${message.reason}: again`, { retryable: true });
    this.#wasReset = true;
    this.#receiver.take(message, message.position.length);
    this.#goal = message.position;
    return message.position;
  }

  async #poll(query: URLSearchParams, waitSeconds: number): Promise<Answer> {
    if (waitSeconds > 0) query.set('wait', `${waitSeconds}s`);
    const { text, link } = await this.#get('/v2/updates', query, waitSeconds * 1_000);
    const target = /<([^>]*)>\s*;\s*rel="?next"?/.exec(link)?.[1] ?? '';
    // Only the position: a proxy may have put the gateway below another path.
    const position = new URLSearchParams(target.replace(/^[^?]*\?/, '')).get('after');
    if (position === null) throw protocolError('read changes: no Link with a position: must have one');
    return { changes: parseList(text).map(toUpdate), size: text.length, position };
  }

  #get(path: string, query: URLSearchParams, waitMs: number): Promise<{ text: string; link: string }> {
    const { token } = this.#ask;
    return withDeadline(this.#parts.clock, waitMs + answerMs, this.#signal, async (signal) => {
      const asked = { path, query, token, accept: 'application/json', signal };
      const response = await request(this.#parts, asked);
      return { text: await readText(response), link: response.headers.get('link') ?? '' };
    });
  }
}

const fromNow = { after: null, since: null, snapshot: false };

/** Whether the replay is complete: everything up to `head` has been read. */
function reaches(position: string, head: string): boolean {
  const [at, goal] = [placeOf(position), placeOf(head)];
  return at.epoch === goal.epoch && at.sequence >= goal.sequence;
}

/**
 * The resume position of each change of an answer. `position` says that everything up to it is in the answer. So after
 * some of its changes everything below the lowest of the others has been delivered.
 */
export function resumesOf(changes: readonly Pick<Change, 'position'>[], position: string): readonly string[] {
  const { epoch, sequence } = placeOf(position);
  let lowest = sequence;
  return changes
    .toReversed()
    .map((change) => {
      const resume = `${epoch}-${lowest}`;
      lowest = Math.min(lowest, placeOf(change.position).sequence - 1);
      return resume;
    })
    .toReversed();
}

/** A change without `timestamp`, which only this transport adds. */
function toUpdate(value: unknown): Change {
  if (!isObject(value)) return toChange(value);
  const { timestamp: _, ...change } = value;
  return toChange(change);
}
