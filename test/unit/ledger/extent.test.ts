import { expect, test } from 'vitest';
import { unavailable } from '../../../src/errors.ts';
import { LedgerExtent } from '../../../src/ledger/extent.ts';
import { readMemory } from '../../../src/ledger/redis/memory.ts';
import { unknownStorage } from '../../../src/ledger/storage.ts';
import { countingMetrics } from '../../support/counting-metrics.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { tagSeen } from '../../support/ledger-samples.ts';
import { scriptedLedger } from '../../support/scripted-ledger.ts';

const turn = () => new Promise(setImmediate);

test('the extent of a ledger is looked up regularly, and its oldest change follows retention', async () => {
  const clock = fakeClock();
  clock.advance(1_000);
  const ledger = await scriptedLedger(clock, 1);
  const metrics = countingMetrics();
  const oldest = () => metrics.value('ledger_oldest_timestamp_seconds');
  const extent = new LedgerExtent({
    ...{ clock, metrics },
    ledger: {
      bounds: () => ledger.bounds(),
      read: (...asked) => ledger.read(...asked),
      storage: async () => unknownStorage,
    },
  });
  await turn();
  expect(oldest()).toBe(0);
  const began = clock.now();
  await ledger.record([tagSeen('a', 'one', clock.now())]);
  clock.advance(30_000);
  await turn();
  expect(oldest()).toBe(began / 1_000);
  const second = clock.now();
  await ledger.record([tagSeen('a', 'two', clock.now())]);
  await ledger.trim();
  expect(await extent.look()).toMatchObject({ oldestAt: second, bounds: { floor: 1, head: 2 } });
  ledger.away = true;
  clock.advance(30_000);
  await turn();
  expect(oldest()).toBe(second / 1_000);
  ledger.away = false;
  extent.stop();
  clock.advance(60_000);
  expect(clock.waiting).toBe(0);
});

test('a ledger that cannot be asked keeps the numbers of the last look, and later looks go on', async () => {
  const clock = fakeClock();
  const metrics = countingMetrics();
  let bytes: number | null = 5_000;
  const extent = new LedgerExtent({
    ...{ clock, metrics },
    ledger: {
      bounds: async () => ({ epoch: 'abcdefgh', floor: 0, head: 0 }),
      read: async () => ({ changes: [], next: 0, atHead: true }),
      async storage() {
        if (bytes === null) throw unavailable('ask: away');
        return { bytes, freeBytes: null, damage: null, risk: null };
      },
    },
  });
  for (const [size, shown] of [
    [5_000, 5_000],
    [null, 5_000],
    [7_000, 7_000],
  ] as const) {
    bytes = size;
    clock.advance(30_000);
    await turn();
    expect(metrics.value('ledger_bytes')).toBe(shown);
  }
  extent.stop();
});

test.each([
  ['used_memory:1048576\r\nmaxmemory:4194304\r\n', 1_048_576, 3_145_728],
  ['used_memory:1048576\r\nmaxmemory:0\r\n', 1_048_576, null],
  ['used_memory:9\r\nmaxmemory:5\r\n', 9, 0],
  ['', null, null],
])('of INFO memory %j Redis uses %s bytes and may take %s more', (info, bytes, freeBytes) => {
  expect(readMemory(info)).toEqual({ bytes, freeBytes, damage: null, risk: null });
});
