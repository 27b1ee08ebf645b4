import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface LedgerFolder {
  /** Where a SQLite ledger may be made. */
  readonly path: string;
  remove(): void;
}

/** A new folder of its own for one test's ledger. */
export function ledgerFolder(): LedgerFolder {
  const folder = mkdtempSync(join(tmpdir(), 'manifeed-ledger-'));
  return {
    path: join(folder, 'manifeed.db'),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
