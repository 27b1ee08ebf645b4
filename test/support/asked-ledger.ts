/** A ledger for endpoints of the index: it answers from memory, and counts what it is asked. */
import type { Ledger } from '../../src/ledger/ledger.ts';
import { openMemoryLedger } from '../../src/ledger/memory/memory.ts';
import type { LedgerLimits } from '../../src/ledger/options.ts';
import type { LedgerQueries } from '../../src/ledger/queries.ts';
import { type FakeClock, fakeClock } from './fake-clock.ts';

export interface AskedLedger extends LedgerQueries {
  readonly record: Ledger['record'];
  readonly trim: Ledger['trim'];
  readonly clock: FakeClock;
  /** The queries until now, by name. */
  readonly asked: readonly string[];
}

export const startedAt = Date.UTC(2026, 0, 1);

export async function openAskedLedger(
  limits: Partial<LedgerLimits> = {},
  maxChanges = 100_000,
): Promise<AskedLedger> {
  const clock = fakeClock(startedAt);
  const retention = { maxChanges, maxAgeMs: 86_400_000 };
  const ledger = await openMemoryLedger({ clock, random: Math.random, retention, limits });
  const asked: string[] = [];
  const counted =
    <Query extends unknown[], Answer>(name: string, ask: (...query: Query) => Promise<Answer>) =>
    (...query: Query) => {
      asked.push(name);
      // As the worker of SQLite gets it: plain data.
      return ask(...structuredClone(query));
    };
  return {
    clock,
    asked,
    manifests: ledger.manifests,
    record: (...observations) => ledger.record(...observations),
    trim: () => ledger.trim(),
    listTags: counted('listTags', (query) => ledger.listTags(query)),
    tagNames: counted('tagNames', (query) => ledger.tagNames(query)),
    tagsAt: counted('tagsAt', (query) => ledger.tagsAt(query)),
    states: counted('states', (names) => ledger.states(names)),
    digests: counted('digests', (of, digests) => ledger.digests(of, digests)),
    history: counted('history', (query) => ledger.history(query)),
    listRepositories: counted('listRepositories', (query) => ledger.listRepositories(query)),
    lists: counted('lists', (of) => ledger.lists(of)),
  };
}
