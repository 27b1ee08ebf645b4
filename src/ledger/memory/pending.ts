import type { Deferred, PendingObservation, Turn } from '../../event/observation.ts';
import type { RepositoryName } from '../../event/reference.ts';
import type { TagName } from '../queries.ts';
import { TurnQueues, waitedMs } from '../turns.ts';

interface Pending extends PendingObservation {
  /** The ledger's stamp at which its lease ends, ms. */
  readonly leasedUntil: number;
}

/** Observations that wait for a look or for their turn, in the order in which they came. */
export class MemoryPending {
  readonly #pending = new Map<string, Pending>();
  readonly turns = new TurnQueues();
  #next = 1;

  get size(): number {
    return this.#pending.size;
  }

  has(id: string): boolean {
    return this.#pending.has(id);
  }

  /** @param stampedAt the ledger's stamp, ms */
  keep(observation: Deferred, stampedAt: number): PendingObservation {
    const { awaits, keptAt = stampedAt } = observation;
    // The key is remembered already: with it, the completed observation would be a duplicate of this one.
    const kept = { ...observation, dedupeKey: null, keptAt: awaits === undefined ? stampedAt : keptAt };
    return this.#add(kept);
  }

  /** As it was in another ledger. */
  import(observation: Deferred, stampedAt: number): void {
    this.#add({ keptAt: stampedAt, ...observation });
  }

  #add(observation: Deferred): PendingObservation {
    const pending = { id: String(this.#next++), observation };
    this.#pending.set(pending.id, { ...pending, leasedUntil: 0 });
    if (observation.awaits !== undefined) this.turns.add(pending.id, observation);
    return pending;
  }

  remove(id: string): Deferred | undefined {
    const observation = this.#pending.get(id)?.observation;
    this.#pending.delete(id);
    if (observation?.awaits !== undefined) this.turns.remove(id, observation);
    return observation;
  }

  /** Removes what waits for its turn, of a repository or one of its tags. */
  takeTurns(of: RepositoryName, tag: string | undefined): readonly Deferred[] {
    return this.turns.idsOf(of, tag).flatMap((id) => this.remove(id) ?? []);
  }

  /** What of the tag came last and waits for its turn. */
  newestTurn(of: TagName): Deferred | undefined {
    return this.#pending.get(this.turns.idsOf(of, of.tag).at(-1) ?? '')?.observation;
  }

  claim(limit: number, stampedAt: number, leaseMs: number): readonly PendingObservation[] {
    const looks = [...this.#pending.values()].filter(({ observation }) => observation.awaits === undefined);
    return this.#lease(looks, { limit, stampedAt, leaseMs });
  }

  claimTurns(limit: number, stampedAt: number, leaseMs: number): readonly Turn[] {
    const heads = new Set(this.turns.heads());
    const first = [...this.#pending.values()].filter(({ id }) => heads.has(id));
    return this.#lease(first, { limit, stampedAt, leaseMs }).map((pending) => ({
      ...pending,
      waitedMs: waitedMs(pending.observation, stampedAt),
    }));
  }

  #lease(
    pending: readonly Pending[],
    { limit, stampedAt, leaseMs }: { limit: number; stampedAt: number; leaseMs: number },
  ): readonly PendingObservation[] {
    const free = pending.filter(({ leasedUntil }) => leasedUntil <= stampedAt).slice(0, limit);
    for (const one of free) this.#pending.set(one.id, { ...one, leasedUntil: stampedAt + leaseMs });
    return free.map(({ id, observation }) => ({ id, observation }));
  }

  /** All, in the order in which they came. */
  observations(): readonly Deferred[] {
    return [...this.#pending.values()].map(({ observation }) => observation);
  }
}
