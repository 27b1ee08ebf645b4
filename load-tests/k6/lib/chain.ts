/**
 * Detects whether a subscriber missed anything. The publisher moves one tag from digest to digest, so each change
 * must name the digest of the one before as `previousDigest`. That needs no counter, clock or second channel.
 */

/** The members of a change that the scripts use. */
export interface WireChange {
  readonly position: string;
  readonly digest: string | null;
  readonly previousDigest: string | null;
  readonly occurredAt: string;
}

export type Link = 'first' | 'next' | 'repeat' | 'gap';

/** Digests remembered to tell a repeat from a gap. A reconnect repeats fewer changes. */
const maxRemembered = 1000;

export class Chain {
  #last: string | null = null;
  readonly #seen: Set<string> = new Set();

  /** How this change follows the ones before. */
  follow(change: WireChange): Link {
    const { digest, previousDigest } = change;
    if (digest === null) return 'gap';
    if (this.#seen.has(digest)) return 'repeat';
    const link = this.#last === null ? 'first' : previousDigest === this.#last ? 'next' : 'gap';
    this.#last = digest;
    this.#seen.add(digest);
    if (this.#seen.size > maxRemembered) {
      for (const oldest of this.#seen) {
        this.#seen.delete(oldest);
        break;
      }
    }
    return link;
  }
}
