import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

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

/** A file under test/fixtures/ledger; a test opens a copy of it. */
export function fixture(name: string): string {
  return fileURLToPath(new URL(`../fixtures/ledger/${name}`, import.meta.url));
}
