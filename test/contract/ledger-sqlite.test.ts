import { openSqliteLedger } from '../../src/ledger/sqlite/sqlite.ts';
import { ledgerFolder } from '../support/ledger-files.ts';
import { ledgerContract, type OpenLedger } from './ledger.ts';
import { ledgerCursorsContract } from './ledger-cursors.ts';
import { ledgerQueriesContract } from './ledger-queries.ts';
import { ledgerTransferContract } from './ledger-transfer.ts';

const open: OpenLedger = async (options) => {
  const { path, remove } = ledgerFolder();
  let ledger = await openSqliteLedger({ ...options, path });
  return {
    ledger,
    async reopen() {
      await ledger.close();
      ledger = await openSqliteLedger({ ...options, path });
      return ledger;
    },
    async close() {
      await ledger.close();
      remove();
    },
  };
};

ledgerContract('SQLite', open);
ledgerTransferContract('SQLite', open);
ledgerQueriesContract('SQLite', open);
ledgerCursorsContract('SQLite', open);
