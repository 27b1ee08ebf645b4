/**
 * What every ledger must do, whatever it stores in. Each implementation's test file calls `ledgerContract`.
 * Time is the fake clock's; `t` is its time when the ledger opens.
 */
import { afterEach, beforeEach, describe } from 'vitest';
import type { Ledger } from '../../src/ledger/ledger.ts';
import type { LedgerLimits, LedgerOptions } from '../../src/ledger/options.ts';
import type { Transferable } from '../../src/ledger/transfer.ts';
import type { FakeClock } from '../support/fake-clock.ts';
import { clockModelContract } from './ledger-clock-model.ts';
import { clockContract } from './ledger-clocks.ts';
import { decidingContract } from './ledger-deciding.ts';
import { keepingContract } from './ledger-keeping.ts';
import { readingContract } from './ledger-reading.ts';
import { turnsContract } from './ledger-turns.ts';
import { World } from './ledger-world.ts';

export type TestedLedger = Ledger & Transferable;

export interface ContractOptions extends LedgerOptions {
  readonly clock: FakeClock;
  readonly limits: Partial<LedgerLimits>;
}

export interface Opened<L extends TestedLedger = TestedLedger> {
  readonly ledger: L;
  /** Closes the ledger and opens what it stored again; absent only where nothing survives. */
  readonly reopen?: () => Promise<L>;
  /** Closes the ledger (and the one reopened) and removes what it stored. */
  readonly close: () => Promise<void>;
}

export type OpenLedger<L extends TestedLedger = TestedLedger> = (
  options: ContractOptions,
) => Promise<Opened<L>>;

/** @param survives false where the ledger ends with the process, so that there is nothing to open again */
export function ledgerContract(name: string, open: OpenLedger, { survives = true } = {}): void {
  describe(`ledger contract: ${name}`, () => {
    const world = new World(open);
    beforeEach(() => world.begin());
    afterEach(() => world.end());

    decidingContract(world);
    readingContract(world);
    keepingContract(world, survives);
    turnsContract(world, survives);
    clockContract(world, survives);
    clockModelContract(world, survives);
  });
}
