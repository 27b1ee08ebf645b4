import type { Clock } from '../../lib/clock.ts';
import type { Claim, Schedule, Wanted } from '../cluster.ts';

class Entry {
  readonly repository: string;
  scopes: readonly string[];
  /** Monotonic ms. During a lease: when the lease ends. */
  dueAt: number;
  memo: string | null = null;
  /** 0: not leased. */
  lease = 0;
  /** Monotonic ms that `hasten` asked for during a look; Infinity: none. */
  hastenedTo = Infinity;
  /** When the last look ended, monotonic ms; -Infinity: never. */
  lookedAt = -Infinity;
  wanted = true;
  heapIndex = -1;

  constructor(repository: string, scopes: readonly string[], dueAt: number) {
    this.repository = repository;
    this.scopes = scopes;
    this.dueAt = dueAt;
  }
}

/** A heap by due time, with one small object per repository: 100,000 timers or closures would cost more. */
export function createMemorySchedule(clock: Clock): Schedule {
  const entries = new Map<string, Entry>();
  const heap = new DueHeap();
  let leases = 0;

  function held(claim: Claim): Entry | undefined {
    const entry = entries.get(claim.repository);
    return entry !== undefined && entry.lease !== 0 && String(entry.lease) === claim.lease
      ? entry
      : undefined;
  }

  function want({ repository, scopes, inMs }: Wanted): void {
    const dueAt = clock.monotonic() + inMs;
    const entry = entries.get(repository);
    if (entry === undefined) {
      const added = new Entry(repository, scopes, dueAt);
      entries.set(repository, added);
      heap.add(added);
      return;
    }
    entry.wanted = true;
    entry.scopes = scopes;
    hasten(entry, dueAt);
  }

  function hasten(entry: Entry, dueAt: number): void {
    if (entry.lease !== 0) {
      entry.hastenedTo = Math.min(entry.hastenedTo, dueAt);
    } else if (dueAt < entry.dueAt) {
      entry.dueAt = dueAt;
      heap.moved(entry);
    }
  }

  function drop(entry: Entry): void {
    entries.delete(entry.repository);
    heap.remove(entry);
  }

  return {
    async want(wanted) {
      for (const one of wanted) want(one);
    },
    async unwant(repository) {
      const entry = entries.get(repository);
      if (entry === undefined) return;
      entry.wanted = false;
      if (entry.lease === 0) drop(entry);
    },
    async claim(max, leaseMs) {
      const now = clock.monotonic();
      const claims: Claim[] = [];
      while (claims.length < max) {
        const entry = heap.first();
        if (entry === undefined || entry.dueAt > now) break;
        if (!entry.wanted) {
          drop(entry);
          continue;
        }
        entry.lease = ++leases;
        entry.dueAt = now + leaseMs;
        heap.moved(entry);
        const { repository, scopes, memo } = entry;
        claims.push({ repository, scopes, memo, lease: String(entry.lease) });
      }
      return claims;
    },
    async extend(claim, leaseMs) {
      const entry = held(claim);
      if (entry === undefined) return false;
      entry.dueAt = clock.monotonic() + leaseMs;
      heap.moved(entry);
      return true;
    },
    async done(claim, inMs, memo) {
      const entry = held(claim);
      if (entry === undefined) return;
      if (!entry.wanted) return drop(entry);
      entry.lease = 0;
      entry.memo = memo;
      entry.lookedAt = clock.monotonic();
      entry.dueAt = Math.min(clock.monotonic() + inMs, entry.hastenedTo);
      entry.hastenedTo = Infinity;
      heap.moved(entry);
    },
    async hasten(repository, inMs, spacingMs = 0) {
      const entry = entries.get(repository);
      if (entry === undefined || !entry.wanted) return false;
      hasten(entry, Math.max(clock.monotonic() + inMs, entry.lookedAt + spacingMs));
      return true;
    },
    async nextInMs() {
      const entry = heap.first();
      return entry === undefined ? Infinity : Math.max(0, entry.dueAt - clock.monotonic());
    },
    async close() {
      entries.clear();
      heap.clear();
    },
  };
}

/** A binary min-heap by `dueAt`. Each entry knows its index, so that its due time can change. */
class DueHeap {
  readonly #entries: Entry[] = [];

  first(): Entry | undefined {
    return this.#entries[0];
  }

  add(entry: Entry): void {
    entry.heapIndex = this.#entries.length;
    this.#entries.push(entry);
    this.#up(entry);
  }

  /** Call it after changing `dueAt` of an entry in the heap. */
  moved(entry: Entry): void {
    this.#up(entry);
    this.#down(entry);
  }

  remove(entry: Entry): void {
    const last = this.#entries.pop();
    if (last === undefined || last === entry) return;
    this.#put(last, entry.heapIndex);
    this.moved(last);
  }

  clear(): void {
    this.#entries.length = 0;
  }

  #put(entry: Entry, index: number): void {
    this.#entries[index] = entry;
    entry.heapIndex = index;
  }

  #up(entry: Entry): void {
    for (;;) {
      const parentIndex = (entry.heapIndex - 1) >> 1;
      const parent = this.#entries[parentIndex];
      if (parentIndex < 0 || parent === undefined || parent.dueAt <= entry.dueAt) return;
      this.#put(parent, entry.heapIndex);
      this.#put(entry, parentIndex);
    }
  }

  #down(entry: Entry): void {
    for (;;) {
      const left = this.#entries[2 * entry.heapIndex + 1];
      const right = this.#entries[2 * entry.heapIndex + 2];
      const child = right !== undefined && left !== undefined && right.dueAt < left.dueAt ? right : left;
      if (child === undefined || child.dueAt >= entry.dueAt) return;
      const childIndex = child.heapIndex;
      this.#put(child, entry.heapIndex);
      this.#put(entry, childIndex);
    }
  }
}
