import { type ManifeedError, unavailable } from '../errors.ts';
import type {
  CursorMove,
  HeldTarget,
  Lease,
  TargetCursor,
  TargetRow,
  TargetWish,
  WishChange,
} from './cursors.ts';
import { newWish } from './cursors.ts';
import { type LedgerClock, stampAge } from './ledger-clock.ts';
import type { LedgerRow } from './transfer.ts';

/** What is durable of a target. */
export interface StoredTarget {
  readonly name: string;
  /** 0: nobody has its fence, because the row is damaged or was imported. */
  readonly fence: number;
  readonly cursor: TargetCursor;
  readonly wish: TargetWish;
  /** The ledger's stamp at which it was last claimed or renewed, to a minute, ms. */
  readonly seenAt: number;
}

/** Where the rows are. */
export interface TargetStore {
  get(name: string): StoredTarget | null;
  put(target: StoredTarget): void;
  remove(name: string): void;
  /** By name. */
  all(): readonly StoredTarget[];
}

/** Targets as exported. */
export function targetRows(
  targets: readonly StoredTarget[],
): readonly Extract<LedgerRow, { row: 'target' }>[] {
  return targets.map(({ name, cursor, wish }) => ({ row: 'target', name, cursor, wish }));
}

/** Where the ledger stands. */
export interface Moment {
  readonly clock: LedgerClock;
  readonly epoch: string;
  readonly head: number;
}

/** A renewal stores when it was, once in this time, ms: an idle gateway need not write. */
const noteSeenEveryMs = 60_000;

/**
 * The cursor port for a ledger of one process. Leases are in memory, because they end with the process that has the
 * ledger. If a commit is refused, a lease may stay: its holder may claim it again, and it ends. Redis restates this in
 * `redis/lua/targets.lua`.
 */
export class TargetTable {
  readonly #rows: TargetStore;
  readonly #maxTargets: number;
  readonly #leases = new Map<string, { readonly holder: string; readonly until: number }>();

  constructor(rows: TargetStore, maxTargets: number) {
    this.#rows = rows;
    this.#maxTargets = maxTargets;
  }

  /** @throws UNAVAILABLE if there is no room for the names that are new */
  claim(
    names: readonly string[],
    { holder, leaseMs }: { readonly holder: string; readonly leaseMs: number },
    { clock: { stampedAt }, epoch, head }: Moment,
  ): readonly HeldTarget[] {
    const distinct = new Set(names);
    this.#makeRoom(distinct, stampedAt);
    return [...distinct].flatMap((name) => {
      const other = this.#holderOf(name, stampedAt);
      if (other !== null && other !== holder) return [];
      const known = this.#rows.get(name);
      const { cursor, wish } = known ?? { cursor: { epoch, low: head, done: [] }, wish: newWish };
      // Stamps only rise, so a name that was forgotten gets no fence that it had before.
      const fence = Math.max((known?.fence ?? 0) + 1, stampedAt);
      this.#rows.put({ name, fence, cursor, wish, seenAt: stampedAt });
      this.#leases.set(name, { holder, until: stampedAt + leaseMs });
      return [{ name, fence, cursor, wish, isNew: known === null }];
    });
  }

  #makeRoom(names: ReadonlySet<string>, stampedAt: number): void {
    const fresh = [...names].filter((name) => this.#rows.get(name) === null).length;
    if (fresh === 0) return;
    const rows = this.#rows.all();
    const excess = rows.length + fresh - this.#maxTargets;
    if (excess <= 0) return;
    const free = rows.filter(({ name }) => !names.has(name) && this.#holderOf(name, stampedAt) === null);
    if (free.length < excess) throw refuseTargets(rows.length, fresh, this.#maxTargets);
    free.sort((a, b) => a.seenAt - b.seenAt);
    for (const { name } of free.slice(0, excess)) this.#forget(name);
  }

  renew(held: readonly Lease[], leaseMs: number, { clock: { stampedAt } }: Pick<Moment, 'clock'>) {
    return held.flatMap((lease) => {
      const row = this.#ofLease(lease);
      const known = this.#leases.get(lease.name);
      if (row === null || known === undefined) return [];
      this.#leases.set(lease.name, { ...known, until: stampedAt + leaseMs });
      if (stampedAt - row.seenAt >= noteSeenEveryMs) this.#rows.put({ ...row, seenAt: stampedAt });
      return [{ name: row.name, wish: row.wish }];
    });
  }

  save(moves: readonly CursorMove[]): readonly boolean[] {
    return moves.map((move) => {
      const row = this.#ofLease(move);
      if (row === null) return false;
      const { cursor, took } = move;
      const wish = row.wish.goTo?.number === took ? { ...row.wish, goTo: null } : row.wish;
      this.#rows.put({ ...row, cursor, wish });
      return true;
    });
  }

  release(held: readonly Lease[]): void {
    for (const lease of held) if (this.#ofLease(lease) !== null) this.#leases.delete(lease.name);
  }

  wish(name: string, change: WishChange, { clock }: Pick<Moment, 'clock'>): TargetRow | null {
    const row = this.#rows.get(name);
    if (row === null) return null;
    const next = { ...row, wish: changedWish(row.wish, change) };
    this.#rows.put(next);
    return this.#shown(next, clock);
  }

  list({ clock }: Pick<Moment, 'clock'>): readonly TargetRow[] {
    return this.#rows.all().map((row) => this.#shown(row, clock));
  }

  /** Forgets rows that nobody holds, and that were last seen before `seenBefore`, a stamp, ms. */
  trim(seenBefore: number, { clock: { stampedAt } }: Pick<Moment, 'clock'>): void {
    for (const { name, seenAt } of this.#rows.all())
      if (seenAt < seenBefore && this.#holderOf(name, stampedAt) === null) this.#forget(name);
  }

  /** As in another ledger. Nobody has a fence, and it counts as seen now, by the ledger's stamp. */
  import({ name, cursor, wish }: Pick<StoredTarget, 'name' | 'cursor' | 'wish'>, stampedAt: number): void {
    this.#forget(name);
    this.#rows.put({ name, fence: 0, cursor, wish, seenAt: stampedAt });
  }

  #forget(name: string): void {
    this.#rows.remove(name);
    this.#leases.delete(name);
  }

  /** Null: the fence is not the newest. */
  #ofLease({ name, fence }: Lease): StoredTarget | null {
    const row = this.#rows.get(name);
    return row !== null && row.fence === fence && fence > 0 ? row : null;
  }

  #holderOf(name: string, stampedAt: number): string | null {
    const lease = this.#leases.get(name);
    return lease !== undefined && lease.until > stampedAt ? lease.holder : null;
  }

  #shown({ name, cursor, wish, seenAt }: StoredTarget, clock: LedgerClock): TargetRow {
    const holder = this.#holderOf(name, clock.stampedAt);
    const until = this.#leases.get(name)?.until ?? 0;
    const heldForMs = holder === null ? 0 : until - clock.stampedAt;
    return { name, cursor, wish, holder, heldForMs, seenAgeMs: stampAge(clock, seenAt) };
  }
}

function changedWish(wish: TargetWish, { goTo, ...change }: WishChange): TargetWish {
  const number = wish.number + 1;
  const next = goTo === undefined ? wish.goTo : goTo === null ? null : { ...goTo, number };
  return { ...wish, ...change, goTo: next, number };
}

/** For names beyond `maxTargets`. */
export function refuseTargets(known: number, more: number, maxTargets: number): ManifeedError {
  return unavailable(
    `claim targets: ${known} are known and ${more} more came: must be at most ${maxTargets}: remove targets from the configuration of all gateways`,
  );
}
