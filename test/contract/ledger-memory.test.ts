import { openMemoryLedger } from '../../src/ledger/memory.ts';
import { ledgerContract } from './ledger.ts';

ledgerContract(
  'memory',
  async (options) => {
    const ledger = await openMemoryLedger(options);
    return { ledger, close: () => ledger.close() };
  },
  { survives: false },
);
