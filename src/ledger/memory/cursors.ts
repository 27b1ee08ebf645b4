import { checkedCursors } from '../checked-cursors.ts';
import type { TargetCursors } from '../cursors.ts';
import { compareText } from '../tag-order.ts';
import type { Moment, StoredTarget, TargetStore, TargetTable } from '../target-table.ts';

/** The rows of targets in memory. */
export class MemoryTargets implements TargetStore {
  readonly #rows = new Map<string, StoredTarget>();

  get(name: string): StoredTarget | null {
    return this.#rows.get(name) ?? null;
  }

  put(target: StoredTarget): void {
    this.#rows.set(target.name, target);
  }

  remove(name: string): void {
    this.#rows.delete(name);
  }

  all(): readonly StoredTarget[] {
    return [...this.#rows.values()].sort((a, b) => compareText(a.name, b.name));
  }
}

/** @param at where the ledger stands; it throws, for the action, if the ledger is closed */
export function memoryCursors(table: TargetTable, at: (action: string) => Moment): TargetCursors {
  return checkedCursors({
    claimTargets: async (names, holder, leaseMs) =>
      table.claim(names, { holder, leaseMs }, at('claim targets')),
    renewTargets: async (held, leaseMs) => table.renew(held, leaseMs, at('renew the leases of targets')),
    async saveCursors(moves) {
      at('save cursors');
      return table.save(moves);
    },
    async releaseTargets(held) {
      at('release targets');
      table.release(held);
    },
    wishTarget: async (name, change) => table.wish(name, change, at('keep what is wanted of a target')),
    listTargets: async () => table.list(at('list targets')),
  });
}
