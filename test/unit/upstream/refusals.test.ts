/** How a client takes refusals that come at once, and in a row. */
import { expect, it } from 'vitest';
import { createMemoryBudget } from '../../../src/cluster/memory/cluster.ts';
import type { Answer } from '../../../src/upstream/exchange.ts';
import { headTag } from '../../../src/upstream/manifest.ts';
import { RegistryClient } from '../../../src/upstream/registry-client.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { registryOf } from '../../support/poll-rig.ts';

const refusal: Answer = { status: 429, headers: {}, body: Buffer.alloc(0) };

/** A client of a registry that refuses when `refuse` is called. */
function refusing() {
  const clock = fakeClock();
  const waiting: (() => void)[] = [];
  const client = new RegistryClient(registryOf('r.test'), {
    exchange: {
      send: () => new Promise((resolve) => waiting.push(() => resolve(refusal))),
      close: async () => {},
    },
    budget: createMemoryBudget(1_000, clock),
    clock,
    random: () => 0.999,
    requests: { inc() {} },
    onPressure() {},
    onRemaining() {},
  });
  return {
    ...{ clock, client },
    /** Asks `count` times at once; resolves with how long nothing is asked after all were refused, ms. */
    async refuse(count: number): Promise<number> {
      const asked = Array.from({ length: count }, () => headTag(client, 'a', '1').catch(() => {}));
      while (waiting.length < count) await new Promise(setImmediate);
      for (const answer of waiting.splice(0)) {
        clock.advance(1);
        answer();
        await new Promise(setImmediate);
      }
      await Promise.all(asked);
      return client.pausedForMs;
    },
  };
}

it('eight refusals at once pause for no longer than one', async () => {
  const [one, eight] = [await refusing().refuse(1), await refusing().refuse(8)];
  expect(one).toBeGreaterThan(2_000);
  expect(eight).toBeLessThan(one + 10);
});

it('refusals in a row pause for longer each time', async () => {
  const { clock, refuse } = refusing();
  const pauses: number[] = [];
  for (let round = 0; round < 4; round += 1) {
    pauses.push(await refuse(4));
    clock.advance((pauses.at(-1) ?? 0) + 1_000);
  }
  for (let round = 1; round < 4; round += 1)
    expect(pauses[round]).toBeGreaterThan(1.5 * (pauses[round - 1] ?? 0));
});
