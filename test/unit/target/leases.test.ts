import { expect, it } from 'vitest';
import { type Lease, newWish } from '../../../src/ledger/cursors.ts';
import { Leases } from '../../../src/target/leases.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { recordingLog } from '../../support/recording-log.ts';

it('a target that was claimed while its gateway began to end is given back at once, and not served', async () => {
  const [asked, answer] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const released: Lease[] = [];
  const claimed: string[] = [];
  const leases = new Leases({
    cursors: {
      claimTargets: async (names) => {
        asked.resolve();
        await answer.promise;
        const cursor = { epoch: 'abcdefgh', low: 7, done: [] };
        return names.map((name) => ({ name, fence: 3, cursor, wish: newWish, isNew: false }));
      },
      renewTargets: async () => [],
      releaseTargets: async (held) => void released.push(...held),
    },
    names: ['stays', 'leaves'],
    holder: 'one',
    clock: fakeClock(),
    log: recordingLog(),
    onClaimed: async ({ name }) => void claimed.push(name),
    onRenewed: () => {},
    onLost: async () => {},
  });
  const starting = leases.start();
  await asked.promise;
  leases.leave('leaves');
  answer.resolve();
  await starting;
  expect(claimed).toEqual(['stays']);
  expect(released).toMatchObject([{ name: 'leaves', fence: 3 }]);
  expect(leases.leaseOf('leaves')).toBeNull();
  await leases.close();
});
