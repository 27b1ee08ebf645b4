import { openMemoryLedger } from '../../src/ledger/memory/memory.ts';
import { ledgerContract, type OpenLedger } from './ledger.ts';
import { ledgerCursorsContract } from './ledger-cursors.ts';
import { ledgerQueriesContract } from './ledger-queries.ts';
import { ledgerTransferContract } from './ledger-transfer.ts';

const open: OpenLedger = async (options) => {
  const ledger = await openMemoryLedger(options);
  return { ledger, close: () => ledger.close() };
};

ledgerContract('memory', open, { survives: false });
ledgerTransferContract('memory', open);
ledgerQueriesContract('memory', open, { survives: false });
ledgerCursorsContract('memory', open, { survives: false });
