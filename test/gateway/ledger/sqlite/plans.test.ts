/** No query of the index or the log reads more than it gives: SQLite's own plans say so. */
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { defaultLimits } from '../../../../src/ledger/options.ts';
import { SqliteStore } from '../../../../src/ledger/sqlite/store.ts';
import { type LedgerFolder, ledgerFolder } from '../../../support/ledger-files.ts';

/** The tables that grow with the registries. */
const growing = /\b(tag|change|manifest|repository|delivery|stored_manifest)\b/;
/** Reads of the first row of an index, which SQLite calls a scan; and of at most a hundred rows, which it sorts. */
const bounded = [
  'SELECT * FROM stored_manifest ORDER BY asked LIMIT 1',
  'SELECT * FROM stored_manifest WHERE bytes IS NOT NULL ORDER BY asked LIMIT 1',
  'FROM change ORDER BY sequence DESC LIMIT 1',
  'WHERE child = ? ORDER BY kept DESC LIMIT ?',
];

describe('plans of the SQLite ledger', () => {
  let folder: LedgerFolder;
  beforeEach(() => {
    folder = ledgerFolder();
  });
  afterEach(() => {
    vi.restoreAllMocks();
    folder.remove();
  });

  test('every statement that reads finds its rows by an index, in the order that it needs', () => {
    const texts = new Set<string>();
    const prepare = vi.spyOn(Database.prototype, 'prepare');
    const store = new SqliteStore({
      path: folder.path,
      epoch: 'epoch001',
      openedAt: 0,
      busyTimeoutMs: 10,
      maxFileBytes: null,
      retention: { maxChanges: 10, maxAgeMs: 1_000 },
      limits: defaultLimits,
    });
    for (const [text] of prepare.mock.calls) texts.add(text);
    prepare.mockRestore();
    store.close();
    expect(texts.size).toBeGreaterThan(60);

    const db = new Database(folder.path);
    const plans = [...texts]
      .filter((text) => growing.test(text) && !bounded.some((end) => text.endsWith(end)))
      .map((text) => ({
        text,
        plan: planOf(db, text),
      }));
    db.close();
    expect(plans.filter(({ plan }) => /\bSCAN\b(?! \d+ CONSTANT)|TEMP B-TREE/.test(plan))).toEqual([]);
    const index = (name: string) => plans.some(({ plan }) => plan.includes(name));
    for (const name of ['tag_at_digest', 'tag_moved', 'tag_moved_in', 'change_by_repository'])
      expect(index(name)).toBe(true);
  });
});

function planOf(db: Database.Database, text: string): string {
  if (!/^\s*(SELECT|UPDATE|DELETE|INSERT|WITH)/i.test(text)) return '';
  const nulls = Array.from({ length: text.split('?').length - 1 }, () => null);
  const rows = db.prepare<unknown[], { detail: string }>(`EXPLAIN QUERY PLAN ${text}`).all(...nulls);
  return rows.map(({ detail }) => detail).join('; ');
}
