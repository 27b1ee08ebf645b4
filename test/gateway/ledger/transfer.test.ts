import { expect, test } from 'vitest';
import { openMemoryLedger } from '../../../src/ledger/memory/memory.ts';
import { openSqliteLedger } from '../../../src/ledger/sqlite/sqlite.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { ledgerFolder } from '../../support/ledger-files.ts';
import { baselined, manifestSeen, tagGone, tagSeen } from '../../support/ledger-samples.ts';

test('a ledger moved from SQLite to memory and back into SQLite is the same ledger', async () => {
  const clock = fakeClock();
  const t = clock.now();
  const common = { clock, random: Math.random, retention: { maxChanges: 10_000, maxAgeMs: 3_600_000 } };
  const folders = [ledgerFolder(), ledgerFolder()];
  const [first, middle, last] = await Promise.all([
    openSqliteLedger({ ...common, path: folders[0]?.path ?? '' }),
    openMemoryLedger(common),
    openSqliteLedger({ ...common, path: folders[1]?.path ?? '' }),
  ]);
  try {
    // More than one batch of a thousand rows each way.
    await first.record(
      Array.from({ length: 1_500 }, (_, i) => tagSeen(`t${i}`, `w${i}`, t, { dedupeKey: `d${i}` })),
    );
    await first.record([tagGone('t7', t), manifestSeen('bare', t), baselined('*', t)]);
    await first.defer([tagSeen('p', null, t)]);

    await middle.importRows(first.exportRows());
    await last.importRows(middle.exportRows());

    expect(await last.bounds()).toEqual(await first.bounds());
    for (const after of [0, 1_000])
      expect(await last.read(after, 1_000)).toEqual(await first.read(after, 1_000));
    expect(await last.listTags({ limit: 1_000 })).toEqual(await first.listTags({ limit: 1_000 }));
    const again = [tagSeen('t1', 'other', t, { dedupeKey: 'd1' }), tagGone('t7', t), tagSeen('new', 'w', t)];
    expect(await last.record(again)).toEqual(await first.record(again));
  } finally {
    await Promise.all([first.close(), middle.close(), last.close()]);
    for (const folder of folders) folder.remove();
  }
});
