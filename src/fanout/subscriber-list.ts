/** What operators see of the subscribers, page by page. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Filter } from '../event/filter.ts';
import { formatPosition } from '../event/position.ts';
import type { Clock } from '../lib/clock.ts';
import type { Deliverer } from './deliverer.ts';
import type { Pacer } from './pace/pacer.ts';
import type { ChangeQueue } from './queue.ts';
import type { Subscriber, SubscriberTable } from './subscriber.ts';

/** Subscriptions shown of one connection, and values shown of each list of a filter. */
export const maxShown = 20;
/** Cost of what is looked at in one turn of the event loop: two milliseconds. An unused row costs 1. */
const costPerTurn = 4_000;
/** A subscriber, with the changes that the pace holds back for it. */
const costOfRow = 40;
const costOfSubscription = 4;

/** A list of a filter; `more` says how many values are not shown. */
interface ShownFilter {
  readonly repository: readonly string[];
  readonly tag: readonly string[];
  readonly type: readonly string[];
  readonly platform: readonly string[];
  readonly more: number;
}

/** One connection. Times are RFC 3339. */
export interface SubscriberRow {
  /** Rises with each connection. */
  readonly number: number;
  readonly transport: string;
  readonly format: string;
  readonly address: string;
  /** Name of its token; null: the gateway asks for none. */
  readonly token: string | null;
  readonly state: Subscriber['state'];
  readonly paced: boolean;
  readonly conflate: boolean;
  readonly connectedAt: string;
  /** Everything at or before it has been delivered; null: where it begins is not known yet. */
  readonly position: string | null;
  /** Positions between that and the newest change. */
  readonly lag: number;
  /** When what the pace holds back for it is out, if the rate stays; null: nothing is held back. */
  readonly heldUntil: string | null;
  /** Since when its socket takes nothing; null: it does. */
  readonly blockedSince: string | null;
  readonly subscriptions: readonly ({ readonly id: string } & ShownFilter)[];
  readonly moreSubscriptions: number;
}

/** A page, and the row after which the next one begins; null: it is the last. */
export interface SubscriberPage {
  readonly rows: readonly SubscriberRow[];
  readonly next: number | null;
}

interface SubscriberListParts {
  readonly table: SubscriberTable;
  readonly queue: Pick<ChangeQueue, 'epoch' | 'head' | 'settled'>;
  readonly pacer: Pick<Pacer, 'idle' | 'windowMs'>;
  readonly deliverer: Pick<Deliverer, 'resumeSequence'>;
  readonly clock: Clock;
}

export class SubscriberList {
  readonly #parts: SubscriberListParts;

  constructor(parts: SubscriberListParts) {
    this.#parts = parts;
  }

  /**
   * The subscribers after a row, by row: one that stays connected is on exactly one page. A long walk yields to the
   * event loop.
   *
   * @param after -1: from the first
   * @param n most subscribers
   */
  async page(after: number, n: number, isCancelled: () => boolean): Promise<SubscriberPage> {
    const { table, pacer } = this.#parts;
    const rows: SubscriberRow[] = [];
    const windowMs = pacer.windowMs;
    let left = costPerTurn;
    for (let row = after + 1; row < table.length; row++) {
      const subscriber = table.at(row);
      if (subscriber !== null) {
        if (rows.length === n) return { rows, next: row - 1 };
        rows.push(this.#describe(subscriber, windowMs));
        left -= costOfRow + costOfSubscription * Math.min(subscriber.subscriptions.length, maxShown);
      }
      if (--left > 0) continue;
      await nextTurn();
      if (isCancelled()) break;
      left = costPerTurn;
    }
    return { rows, next: null };
  }

  #describe(subscriber: Subscriber, windowMs: number): SubscriberRow {
    const { queue, pacer, deliverer, clock } = this.#parts;
    const { sink, grant, state, paced } = subscriber;
    const sequence = subscriber.isPlaced ? deliverer.resumeSequence(subscriber) : null;
    const isHeld = state === 'live' && paced && !pacer.idle && sequence !== null && sequence < queue.settled;
    const ago = (monotonicMs: number) => isoTime(clock.now() - (clock.monotonic() - monotonicMs));
    const wanted = shownSubscriptions(subscriber);
    return {
      ...{ number: subscriber.number, transport: sink.encoding.transport, format: sink.encoding.format },
      ...{ address: sink.address, token: grant.owner },
      ...{ state, paced, conflate: subscriber.conflate },
      connectedAt: ago(subscriber.connectedAtSeconds * 1_000),
      position: sequence === null ? null : formatPosition(queue.epoch, sequence),
      lag: sequence === null ? 0 : Math.max(0, queue.head - sequence),
      heldUntil: isHeld ? isoTime(clock.now() + windowMs) : null,
      blockedSince: subscriber.blockedAt === 0 ? null : ago(subscriber.blockedAt),
      ...wanted,
    };
  }
}

function shownSubscriptions({
  subscriptions,
  joining,
}: Subscriber): Pick<SubscriberRow, 'subscriptions' | 'moreSubscriptions'> {
  const held = subscriptions.slice(0, maxShown).map(({ id, group }) => ({ id, filter: group.filter }));
  const coming = (joining ?? []).slice(0, maxShown - held.length).map(({ request }) => request);
  const total = subscriptions.length + (joining?.length ?? 0);
  return {
    subscriptions: [...held, ...coming].map(({ id, filter }) => ({ id, ...shown(filter) })),
    moreSubscriptions: total - held.length - coming.length,
  };
}

function shown({ repositories, patterns, tags, types, platforms }: Filter): ShownFilter {
  const isEverything = patterns.length === 1 && patterns[0] === '**' && repositories.length === 0;
  const names = isEverything ? 0 : repositories.length + patterns.length;
  const repository = isEverything ? [] : [...repositories.slice(0, maxShown), ...patterns.slice(0, maxShown)];
  const [tag, platform] = [tags.slice(0, maxShown), platforms.slice(0, maxShown)];
  return {
    repository: repository.slice(0, maxShown),
    ...{ tag, platform, type: [...types] },
    more: Math.max(0, names - maxShown) + tags.length - tag.length + platforms.length - platform.length,
  };
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
