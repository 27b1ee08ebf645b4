/** An import is input like any other: what no source could have said is refused, by line and member. */

import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { newWish } from '../../../src/ledger/cursors.ts';
import { openSqliteLedger } from '../../../src/ledger/sqlite/sqlite.ts';
import { type LedgerRow, wholeExport } from '../../../src/ledger/transfer.ts';
import { decodeRows } from '../../../src/ledger/transfer-codec.ts';
import { noLog } from '../../../src/lib/log.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { type LedgerFolder, ledgerFolder } from '../../support/ledger-files.ts';
import { digestOf, tagSeen } from '../../support/ledger-samples.ts';

const at = 1_767_225_600_000;
const where = { registry: 'r.example.com:5000', repository: 'team/app' };
const target = { digest: digestOf('one'), mediaType: null, size: 1 };
const header = { row: 'header', format: 1, epoch: 'e1', head: 1, floor: 0, recordedAt: at };
const change = {
  ...{ row: 'change', sequence: 1, type: 'tag.created', ...where, tag: 't', ...target, previousDigest: null },
  ...{ occurredAt: at, recordedAt: at, origin: 'webhook:x' },
};
const tag = {
  row: 'tag',
  ...where,
  tag: 't',
  ...target,
  present: true,
  asOf: at,
  firstSeenAt: at,
  updatedAt: at,
};
const observation = {
  kind: 'tag',
  ...where,
  tag: 't',
  ...target,
  saidAt: at,
  origin: 'webhook:x',
  dedupeKey: null,
};
const kept = { row: 'target', name: 'hooks', cursor: { epoch: 'e1', low: 1, done: [3] }, wish: newWish };
const end = { row: 'end', rows: 2 };

async function decode(...rows: object[]): Promise<LedgerRow[]> {
  const text = rows.map((row) => `${JSON.stringify(row)}\n`).join('');
  const decoded: LedgerRow[] = [];
  for await (const row of wholeExport(decodeRows(chunk(text)))) decoded.push(row);
  return decoded;
}

async function* chunk(text: string): AsyncGenerator<string> {
  yield text;
}

describe('an import', () => {
  test('takes what an export wrote', async () => {
    expect(await decode(header, change, end)).toHaveLength(3);
  });

  const far = 253_402_300_800_000;
  test.each([
    ['header', { ...header, recordedAt: Number.MAX_SAFE_INTEGER }, 1, 'recordedAt'],
    ['change', { ...change, recordedAt: Number.MAX_SAFE_INTEGER }, 2, 'recordedAt'],
    ['change', { ...change, occurredAt: far }, 2, 'occurredAt'],
    ['change', { ...change, occurredAt: -1 }, 2, 'occurredAt'],
    ['change', { ...change, occurredAt: 1.5 }, 2, 'occurredAt'],
    ['change', { ...change, registry: 'R.example.com' }, 2, 'registry'],
    ['change', { ...change, registry: 'r.example.com/x' }, 2, 'registry'],
    ['change', { ...change, repository: '../../admin/api?x=' }, 2, 'repository'],
    ['change', { ...change, tag: 'a b' }, 2, 'tag'],
    ['change', { ...change, digest: 'sha256:1' }, 2, 'digest'],
    ['change', { ...change, origin: 'any words' }, 2, 'origin'],
    ['change', { ...change, origin: 'webhook:' }, 2, 'origin'],
    ['change', { ...change, origin: `publish:${'x'.repeat(65)}` }, 2, 'origin'],
    ['tag', { ...tag, sequence: 1, asOf: far }, 3, 'asOf'],
    ['tag', { ...tag, sequence: 1, updatedAt: far }, 3, 'updatedAt'],
    ['tag', { ...tag, sequence: 1, tag: '../x' }, 3, 'tag'],
    ['manifest', { row: 'manifest', ...where, digest: digestOf('x'), present: true, asOf: far }, 3, 'asOf'],
    ['baseline', { row: 'baseline', ...where, repository: 'A', scope: '*' }, 3, 'repository'],
    ['delivery', { row: 'delivery', key: 'k', at: far }, 3, 'at'],
    [
      'pending',
      { row: 'pending', observation: { ...observation, repository: '../../admin/api?x=' } },
      3,
      'observation.repository',
    ],
    ['target', { ...kept, name: 'a b' }, 3, 'name'],
    ['target', { ...kept, cursor: { epoch: 'A', low: 0, done: [] } }, 3, 'cursor.epoch'],
    ['target', { ...kept, cursor: { epoch: 'e1', low: 5, done: [5] } }, 3, 'cursor'],
    ['target', { ...kept, cursor: { epoch: 'e1', low: 5, done: [7, 6] } }, 3, 'cursor'],
    ['target', { ...kept, wish: { ...newWish, disabled: 'x'.repeat(501) } }, 3, 'wish.disabled'],
    ['target', { ...kept, holder: 'g1' }, 3, 'holder'],
    ['pending', { row: 'pending', observation: { ...observation, tag: '?' } }, 3, 'observation.tag'],
    ['pending', { row: 'pending', observation: { ...observation, origin: 'x' } }, 3, 'observation.origin'],
    ['pending', { row: 'pending', observation: { ...observation, saidAt: far } }, 3, 'observation.saidAt'],
  ])('refuses a %s by its line and member: %j', async (_, row, line, member) => {
    const rows = [header, change].map((good, i) => (i === line - 1 ? row : good));
    if (line === 3) rows.push(row);
    await expect(decode(...rows, end)).rejects.toMatchObject({
      code: 'BODY_INVALID',
      message: expect.stringContaining(`import ledger: line ${line}: ${member}: `),
    });
  });

  test('refuses times that fall, changes after the header says, and tags ahead of the head', async () => {
    const two = { ...header, head: 2 };
    await expect(decode(two, change, { ...change, sequence: 2, recordedAt: at - 1 }, end)).rejects.toThrow(
      /row 3: recordedAt/,
    );
    await expect(decode({ ...header, recordedAt: at - 1 }, change, end)).rejects.toThrow(/row 2: recordedAt/);
    await expect(decode(header, change, { ...tag, sequence: 2 }, end)).rejects.toThrow(/row 3: sequence 2/);
  });

  test('refuses more targets than a ledger keeps', async () => {
    const many = Array.from({ length: 1_001 }, (_, i) => ({ ...kept, name: `t${i}` }));
    expect(await decode(header, change, ...many.slice(1), { ...end, rows: 1_002 })).toHaveLength(1_003);
    await expect(decode(header, change, ...many, { ...end, rows: 1_003 })).rejects.toThrow(
      /row 1003: one more target: must be at most 1000 targets/,
    );
  });

  test('drops a media type that is none, as webhooks do', async () => {
    const rows = await decode(header, { ...change, mediaType: 'text/html"><img src=x>' }, end);
    expect(rows[1]).toMatchObject({ mediaType: null });
  });
});

describe('a stored tag that waits for its digest', () => {
  let folder: LedgerFolder;
  beforeEach(() => {
    folder = ledgerFolder();
  });
  afterEach(() => folder.remove());

  test('and cannot be read is dropped with a log line, and the others are claimed', async () => {
    const clock = fakeClock();
    const lines: string[] = [];
    const log = { ...noLog, error: (_fields: object, message: string) => lines.push(message) };
    const options = {
      ...{ path: folder.path, clock, random: Math.random, log },
      retention: { maxChanges: 10, maxAgeMs: 3_600_000 },
    };
    const first = await openSqliteLedger(options);
    await first.defer([tagSeen('a', null, clock.now()), tagSeen('b', null, clock.now())]);
    await first.close();
    const db = new Database(folder.path);
    db.exec(
      "UPDATE pending SET observation = replace(observation, 'library/base', '../../admin') WHERE id = 1",
    );
    db.close();
    const ledger = await openSqliteLedger(options);
    const claimed = await ledger.claimPending(10, 1_000);
    expect(claimed.map(({ observation }) => observation.tag)).toEqual(['b']);
    expect(lines).toEqual([expect.stringContaining('dropped damaged tags that waited for a digest')]);
    clock.advance(2_000);
    expect(await ledger.claimPending(10, 1_000)).toHaveLength(1);
    await ledger.close();
  });
});
