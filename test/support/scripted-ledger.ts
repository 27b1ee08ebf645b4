import { ManifeedError } from '../../src/errors.ts';
import type { HubOptions } from '../../src/fanout/hub.ts';
import type { Ledger, TailEvent } from '../../src/ledger/ledger.ts';
import { openMemoryLedger } from '../../src/ledger/memory/memory.ts';
import { Tails } from '../../src/ledger/tails.ts';
import type { FakeClock } from './fake-clock.ts';

type HubLedger = HubOptions['ledger'];

/** A memory ledger whose reads a test can delay, fail and shorten, and which can lose continuity. */
export interface ScriptedLedger extends HubLedger, Pick<Ledger, 'record' | 'trim'> {
  /** Makes reads wait until `release`. */
  held: boolean;
  /** Lets waiting reads continue, at most `count` of them. */
  release(count?: number): void;
  /** Makes reads reject with `UNAVAILABLE`. */
  away: boolean;
  /** Makes the tail silent about what is recorded meanwhile. */
  deaf: boolean;
  maxPage: number;
  /** Reads that wait until `release`. */
  readonly waiting: number;
  readonly reads: number;
  /** Begins a new epoch. `head` records its first changes. */
  loseContinuity(head?: (ledger: Ledger) => Promise<void>): Promise<void>;
}

export async function scriptedLedger(clock: FakeClock, maxChanges = 1_000_000): Promise<ScriptedLedger> {
  const retention = { maxChanges, maxAgeMs: 86_400_000 };
  let seed = 0;
  const open = () => openMemoryLedger({ clock, random: () => (seed++ * 0.377) % 1, retention });
  let inner = await open();
  const tails = new Tails();
  const relay = (event: TailEvent) => {
    if (!ledger.deaf) tails.emit(event);
  };
  const waiting: (() => void)[] = [];
  const gate = async () => {
    if (ledger.held) await new Promise<void>((resolve) => waiting.push(resolve));
    if (ledger.away) throw new ManifeedError('UNAVAILABLE', 'read ledger: it is away');
  };
  let reads = 0;
  const ledger: ScriptedLedger = {
    held: false,
    away: false,
    deaf: false,
    maxPage: 1_000,
    get waiting() {
      return waiting.length;
    },
    get reads() {
      return reads;
    },
    release(count = waiting.length) {
      for (const resolve of waiting.splice(0, count)) resolve();
    },
    async loseContinuity(fill = async () => {}) {
      const next = await open();
      await fill(next);
      inner = next;
      inner.tail(relay);
      tails.emit({ kind: 'reset', bounds: await inner.bounds(), reason: 'test' });
    },
    async bounds() {
      await gate();
      return inner.bounds();
    },
    record: (observations, settles) => inner.record(observations, settles),
    async read(after, limit, filter) {
      reads++;
      const page = inner.read(after, Math.min(limit, ledger.maxPage), filter);
      page.catch(() => {});
      await gate();
      return page;
    },
    async seek(time) {
      await gate();
      return inner.seek(time);
    },
    async listTags(query) {
      await gate();
      return inner.listTags(query);
    },
    tail: (listener) => tails.add(listener),
    trim: () => inner.trim(),
  };
  inner.tail(relay);
  return ledger;
}
