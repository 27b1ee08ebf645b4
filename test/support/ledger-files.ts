import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface LedgerFolder {
  /** The path for an SQLite ledger. */
  readonly path: string;
  remove(): void;
}

export function ledgerFolder(): LedgerFolder {
  const folder = mkdtempSync(join(tmpdir(), 'manifeed-ledger-'));
  return {
    path: join(folder, 'manifeed.db'),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** The path of a file in test/fixtures/ledger. Tests open a copy. */
export function fixture(name: string): string {
  return fileURLToPath(new URL(`../fixtures/ledger/${name}`, import.meta.url));
}
