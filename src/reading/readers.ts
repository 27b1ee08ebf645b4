/**
 * The requests that read the ledger: how many at once, and in which order. What they hold in memory is bounded by this,
 * also while a slow client takes its answer.
 */
import { ManifeedError } from '../errors.ts';
import type { Grant } from '../event/grant.ts';
import { Counts } from '../lib/counts.ts';
import { OneATurn } from '../lib/one-a-turn.ts';
import { Reading } from './reading.ts';

/** Requests of one client that read at the same time. */
export const maxPerClient = 32;
/** Requests of all clients that read at the same time. */
export const maxInAll = 256;

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
  /** Requests under way, by client. */
  readonly #clients = new Counts<string>();

  /** Counts a request in until its end. @throws TOO_MANY_REQUESTS, TOO_MANY_CONNECTIONS */
  enter({ grant, client, isGone, onEnd }: Reader): Reading {
    const { total } = this.#clients;
    const own = this.#clients.of(client);
    if (own >= maxPerClient)
      throw new ManifeedError(
        'TOO_MANY_REQUESTS',
        `read the ledger: ${own} requests of this client at once: must be under ${maxPerClient}`,
      );
    if (total >= maxInAll)
      throw new ManifeedError(
        'TOO_MANY_CONNECTIONS',
        `read the ledger: ${total} requests at once: must be under ${maxInAll}`,
      );
    this.#clients.add(client);
    onEnd(() => this.#clients.add(client, -1));
    return new Reading({ grant, turns: this.#turns, isGone });
  }
}
