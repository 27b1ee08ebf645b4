/** What stands at each position, as the first who saw it was told. All others must have been told the same. */
import type { WireChange } from '../../support/stream-client.ts';

export class ChaosRecord {
  readonly #at = new Map<string, string>();

  /** @returns what is wrong with it; null: nothing */
  see(change: WireChange): string | null {
    const { position, type, registry, repository, tag, digest, previousDigest } = change;
    const told = `${type} ${registry}/${repository}:${tag} ${digest} ${previousDigest}`;
    const known = this.#at.get(position);
    if (known === undefined) this.#at.set(position, told);
    return known === undefined || known === told ? null : `${position} is ${told}, and was ${known}`;
  }
}
