/** What can be asked of every ledger: `src/ledger/queries.ts`. */
import { afterEach, beforeEach, describe } from 'vitest';
import type { OpenLedger } from './ledger.ts';
import { listStateContract } from './ledger-list-states.ts';
import { manifestContract } from './ledger-manifests.ts';
import { maxRowsLookedAt } from './ledger-pages.ts';
import { queryModelContract } from './ledger-query-model.ts';
import { limits, World } from './ledger-world.ts';
import { historyContract } from './queries/history.ts';
import { repositoryContract } from './queries/repositories.ts';
import { stateContract } from './queries/states.ts';
import { listContract } from './queries/tags.ts';

const bounds = { limits: { ...limits, maxRowsLookedAt } };

/** @param survives as for `ledgerContract` */
export function ledgerQueriesContract(name: string, open: OpenLedger, { survives = true } = {}): void {
  describe(`ledger queries contract: ${name}`, () => {
    const world = new World(open);
    beforeEach(() => world.begin(bounds));
    afterEach(() => world.end());

    listContract(world);
    stateContract(world, survives);
    historyContract(world);
    repositoryContract(world, survives);
    listStateContract(world);
    manifestContract(world, survives);
    queryModelContract(world, survives);
  });
}
