/**
 * The requests that read the ledger: how many at once, and in which order. What they hold in memory is bounded by this,
 * also while a slow client takes its answer.
 */
import { ManifeedError } from '../errors.ts';
import type { Grant } from '../event/grant.ts';
import { Counts } from '../lib/counts.ts';
import { OneATurn } from '../lib/one-a-turn.ts';
import { Reading } from './reading.ts';

interface PlaceLimits {
  /** Requests of one client at the same time. */
  readonly perClient: number;
  /** Requests of all clients at the same time. */
  readonly inAll: number;
}

/** Of requests that read many rows, or a manifest. */
export const readerLimits: PlaceLimits = { perClient: 32, inAll: 256 };
/**
 * Of requests for one row, which may wait for a registry. Many hosts behind one address ask at once, and a request that
 * waits takes a few KiB; but one connection can send any number of them.
 */
export const askerLimits: PlaceLimits = { perClient: 2_048, inAll: 16_384 };

/** A request that may read. */
export interface Reader {
  readonly grant: Grant;
  /** Whose request it is: the owner of a token, or an address group. */
  readonly client: string;
  /** Whether the client has left. */
  readonly isGone: () => boolean;
  /** Calls back, once, when nothing of the answer is in memory any more: it was sent, or the client has left. */
  readonly onEnd: (callback: () => void) => void;
}

export class Readers {
  /** Steps of all requests take turns together. */
  readonly #turns = new OneATurn();
  readonly #readers = new Places(readerLimits);
  readonly #askers = new Places(askerLimits);

  /** Counts a request in until its end. @throws TOO_MANY_REQUESTS, TOO_MANY_CONNECTIONS */
  enter(reader: Reader): Reading {
    this.#readers.take(reader);
    const { grant, isGone } = reader;
    return new Reading({ grant, turns: this.#turns, isGone });
  }

  /** Counts a request for one row in until its end. @throws as `enter` */
  ask(reader: Reader): void {
    this.#askers.take(reader);
  }
}

class Places {
  readonly #limits: PlaceLimits;
  /** Requests under way, by client. */
  readonly #clients = new Counts<string>();

  constructor(limits: PlaceLimits) {
    this.#limits = limits;
  }

  take({ client, onEnd }: Reader): void {
    const { perClient, inAll } = this.#limits;
    const { total } = this.#clients;
    const own = this.#clients.of(client);
    if (own >= perClient)
      throw new ManifeedError(
        'TOO_MANY_REQUESTS',
        `read the ledger: ${own} requests of this client at once: must be under ${perClient}`,
      );
    if (total >= inAll)
      throw new ManifeedError(
        'TOO_MANY_CONNECTIONS',
        `read the ledger: ${total} requests at once: must be under ${inAll}`,
      );
    this.#clients.add(client);
    onEnd(() => this.#clients.add(client, -1));
  }
}
