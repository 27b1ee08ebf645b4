import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Change } from '../../../src/event/change.ts';
import type { Observation } from '../../../src/event/observation.ts';
import type { TagState } from '../../../src/ledger/ledger.ts';
import { openMemoryLedger } from '../../../src/ledger/memory/memory.ts';
import { defaultLimits } from '../../../src/ledger/options.ts';
import { SqliteStore } from '../../../src/ledger/sqlite/store.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { ledgerFolder } from '../../support/ledger-files.ts';
import { LedgerModel } from '../../support/ledger-model.ts';
import {
  baselined,
  manifestGone,
  manifestSeen,
  repositoryGone,
  tagGone,
  tagSeen,
} from '../../support/ledger-samples.ts';

/** Few names and few times, so that observations meet: equal times, stale ones, the same digest under two tags. */
const words = fc.constantFrom('one', 'two', 'three');
const tags = fc.constantFrom('a', 'b');
const times = fc.integer({ min: 0, max: 12 });
const more = fc.record({
  repository: fc.constantFrom('library/base', 'team/app'),
  dedupeKey: fc.option(fc.constantFrom('k1', 'k2', 'k3', 'k4'), { freq: 3 }),
});

const observation = (now: number): fc.Arbitrary<Observation> => {
  const at = times.map((minutes) => now + (minutes - 10) * 60_000);
  return fc.oneof(
    {
      weight: 6,
      arbitrary: fc
        .tuple(tags, fc.option(words, { freq: 5 }), at, more, fc.boolean())
        .map(([tag, word, time, rest, silent]) => tagSeen(tag, word, time, { ...rest, silent })),
    },
    { weight: 2, arbitrary: fc.tuple(tags, at, more).map(([tag, time, rest]) => tagGone(tag, time, rest)) },
    {
      weight: 2,
      arbitrary: fc.tuple(words, at, more).map(([word, time, rest]) => manifestSeen(word, time, rest)),
    },
    {
      weight: 2,
      arbitrary: fc.tuple(words, at, more).map(([word, time, rest]) => manifestGone(word, time, rest)),
    },
    { weight: 1, arbitrary: fc.tuple(at, more).map(([time, rest]) => repositoryGone(time, rest)) },
    {
      weight: 1,
      arbitrary: fc.tuple(tags, at, more).map(([scope, time, rest]) => baselined(scope, time, rest)),
    },
  );
};

const startAt = fakeClock().now();
/** Calls of some observations each. */
const history = fc.array(fc.array(observation(startAt), { minLength: 1, maxLength: 5 }), { maxLength: 15 });
const retention = { maxChanges: 1_000, maxAgeMs: 86_400_000 };

function announced(changes: readonly Change[]): string[] {
  return changes.map(
    (change) =>
      `${change.type} ${change.registry}/${change.repository} ${change.tag ?? ''} ${change.digest} ${change.previousDigest}`,
  );
}

function expectAgreement(model: LedgerModel, changes: readonly Change[], present: readonly TagState[]): void {
  expect(announced(changes)).toEqual(model.announcements);
  expect(changes.map(({ sequence }) => sequence)).toEqual(changes.map((_, i) => i + 1));
  const index = present.map((row) => `${row.registry}/${row.repository}:${row.tag} ${row.digest}`);
  expect(index.sort()).toEqual(model.present());
  for (const row of present) expectNewestChange(row, changes);
}

/** The index is the fold of the changes: each row is what its newest change said (or was filled in later). */
function expectNewestChange(
  row: { repository: string; tag: string; digest: string | null; sequence: number },
  changes: readonly Change[],
): void {
  const newest = changes.findLast((change) => change.repository === row.repository && change.tag === row.tag);
  expect(row.sequence).toBe(newest?.sequence ?? 0);
  if (newest === undefined || newest.digest === null) return;
  expect(row.digest).toBe(newest.digest);
}

describe('any interleaving of observations gives what the model gives', () => {
  test('in memory', async () => {
    await fc.assert(
      fc.asyncProperty(history, async (calls) => {
        const ledger = await openMemoryLedger({ clock: fakeClock(), random: Math.random, retention });
        const model = new LedgerModel();
        for (const call of calls) {
          await ledger.record(call);
          for (const seen of call) model.observe(seen, startAt);
        }
        expectAgreement(
          model,
          (await ledger.read(0, 1_000)).changes,
          (await ledger.listTags({ limit: 1_000 })).tags,
        );
      }),
      { numRuns: 500 },
    );
  });

  test('in SQLite, however the calls fall into groups', () => {
    const folder = ledgerFolder();
    let count = 0;
    fc.assert(
      fc.property(history, fc.integer({ min: 1, max: 4 }), (calls, groupSize) => {
        const store = new SqliteStore({
          path: `${folder.path}-${count++}`,
          epoch: 'epoch001',
          openedAt: 0,
          busyTimeoutMs: 0,
          maxFileBytes: null,
          retention,
          limits: defaultLimits,
        });
        try {
          const model = new LedgerModel();
          for (let i = 0; i < calls.length; i += groupSize) {
            const group = calls.slice(i, i + groupSize);
            store.commit(
              group.map((observations) => ({ kind: 'record', observations, settles: [] })),
              startAt,
            );
            for (const seen of group.flat()) model.observe(seen, startAt);
          }
          expectAgreement(model, store.read(0, 1_000).changes, store.queries.listTags({ limit: 1_000 }).tags);
        } finally {
          store.close();
        }
      }),
      { numRuns: 150 },
    );
    folder.remove();
  });
});
