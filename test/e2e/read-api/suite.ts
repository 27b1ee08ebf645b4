/** Everything that was pushed to a real registry comes back from every endpoint, before and after moves and deletes. */
import { afterAll, beforeAll, describe, it } from 'vitest';
import { expectOwnEndpoints } from './v1.ts';
import { expectReadApi } from './v2.ts';
import { fill, move, remove, type Way, World } from './world.ts';

/** @param ledgerOf the ledger's setting, for a ledger of its own for each way */
export function readApiSuite(ledgerOf: (way: Way) => string): void {
  describe.each<Way>(['webhook', 'poll'])('heard of by %s', (way) => {
    let world: World;
    beforeAll(async () => {
      world = await World.start(way, ledgerOf(way));
    });
    afterAll(() => world?.close());

    it.each([
      ['pushed', fill],
      ['moved', move],
      ['deleted', remove],
      ['kept over a restart', (started: World) => started.restart()],
    ])('every endpoint gives what was %s', async (_what, act) => {
      await act(world);
      await expectOwnEndpoints(world);
      await expectReadApi(world);
    });
  });
}
