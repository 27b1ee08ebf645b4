/** What the times of a ledger's files say, on file systems that keep whole seconds only. */
import { closeSync, openSync, utimesSync, writeFileSync, writeSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SqlitePlace } from '../../../../src/ledger/sqlite/place.ts';
import { type LedgerFolder, ledgerFolder } from '../../../support/ledger-files.ts';

const pageBytes = 512;
/** Seconds since the epoch; long ago, so that only its being whole counts. */
const wholeSecond = 1_700_000_000;

describe('a ledger on a file system that keeps whole seconds', () => {
  let folder: LedgerFolder;
  let log: number;
  let place: SqlitePlace;

  /** As a checkpoint leaves the file: another page, and the same second. */
  const checkpoint = (fill: string, second = wholeSecond) => {
    writeFileSync(folder.path, fill.repeat(pageBytes));
    utimesSync(folder.path, second, second);
  };
  /** As SQLite begins the log anew: with other salts. */
  const beginLog = (fill: string) => writeSync(log, fill.repeat(32), 0);
  const commit = (write: () => void) => {
    place.assertHeld('record');
    write();
    place.remember();
  };
  const refusal = expect.objectContaining({ message: expect.stringContaining('overwritten by another') });

  beforeEach(() => {
    folder = ledgerFolder();
    log = openSync(`${folder.path}-wal`, 'w');
    writeFileSync(`${folder.path}.lock`, '');
    checkpoint('a');
    beginLog('a');
    place = new SqlitePlace({
      ...{ path: folder.path, metaPage: 1, pageBytes, logLimitBytes: 1_000_000 },
      onOverwritten: () => {},
    });
    commit(() => beginLog('b'));
  });
  afterEach(() => {
    place.close();
    closeSync(log);
    folder.remove();
  });

  test('several checkpoints of ours in one second are no foreign hand', () => {
    for (const fill of ['c', 'd', 'e']) {
      commit(() => checkpoint(fill));
      commit(() => beginLog(fill));
    }
    expect(() => place.assertHeld('record')).not.toThrow();
  });

  test('a log that another program began is noticed', () => {
    commit(() => checkpoint('c'));
    beginLog('x');
    expect(() => place.assertHeld('record')).toThrow(refusal);
  });

  test('a file that another program wrote in another second is noticed', () => {
    checkpoint('x', wholeSecond + 1);
    expect(() => place.assertHeld('record')).toThrow(refusal);
  });
});
