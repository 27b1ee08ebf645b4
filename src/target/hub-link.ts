/** The subscription of one target at the hub: made, made again, and ended. */
import type { Grant } from '../event/grant.ts';
import type { Hub } from '../fanout/hub.ts';
import type { Subscriber } from '../fanout/subscriber.ts';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import { type Receiver, TargetSink } from './sink.ts';
import type { Target } from './target.ts';

/** What a target needs of the hub. */
export type TargetHub = Pick<Hub, 'connect' | 'subscribe' | 'disconnect' | 'head'>;

interface HubLinkParts {
  readonly target: Pick<Target, 'name' | 'filter' | 'paced'>;
  readonly hub: TargetHub;
  readonly receiver: Omit<Receiver, 'ended'>;
  /** Where the target is: it gets what comes after. */
  readonly cursor: () => { readonly epoch: string; readonly low: number };
  /** The hub ends: the target should go to another gateway. */
  readonly onDraining: () => void;
  readonly clock: Clock;
  readonly log: Log;
}

/** A target may do all: its filter says what it gets. */
const everything: Omit<Grant, 'name' | 'owner'> = {
  ...{ key: 'everything', patterns: ['**'], admin: false, metrics: false, unpaced: true },
  allows: () => true,
};
const reconnectMs = 1_000;

export class HubLink {
  readonly #parts: HubLinkParts;
  #subscriber: Subscriber | null = null;
  #cancelAgain: () => void = () => {};

  constructor(parts: HubLinkParts) {
    this.#parts = parts;
  }

  /** Subscribes after the cursor. If the hub refuses now, or ends it later, it is tried again. */
  open(): void {
    const { hub, target, receiver, cursor, log } = this.#parts;
    const { name, filter, paced } = target;
    const sink = new TargetSink(name, { ...receiver, ended: (why) => this.#onEnded(why) });
    const owner = `target:${name}`;
    const grant = { ...everything, name: owner, owner };
    const subscriber = hub.connect({ sink, owner, grant, paced, conflate: false });
    this.#subscriber = subscriber;
    const { epoch, low } = cursor();
    const start = { kind: 'after', epoch, sequence: low } as const;
    try {
      hub.subscribe(subscriber, { id: '', filter, start, snapshot: false });
    } catch (error) {
      // The gateway holds too many filters now.
      this.close();
      log.warn({ target: name, error: String(error) }, 'subscribe target: refused: trying again');
      this.#openLater();
    }
  }

  /** There is room for more, if it was full before. */
  drained(): void {
    if (this.#subscriber !== null && this.#subscriber.blockedAt > 0) this.#subscriber.drained();
  }

  /** Ends the subscription. Idempotent. */
  close(): void {
    this.#cancelAgain();
    const subscriber = this.#subscriber;
    this.#subscriber = null;
    if (subscriber !== null) this.#parts.hub.disconnect(subscriber);
  }

  #onEnded(why: string): void {
    this.#subscriber = null;
    if (why === 'DRAINING') this.#parts.onDraining();
    else this.#openLater();
  }

  #openLater(): void {
    this.#cancelAgain = this.#parts.clock.after(reconnectMs, () => this.open());
  }
}
