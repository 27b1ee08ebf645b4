import { createMemoryBudget } from '../../src/cluster/memory/cluster.ts';
import { systemClock } from '../../src/lib/clock.ts';
import type { RegistryOptions } from '../../src/source/poll/options.ts';
import { createExchange } from '../../src/upstream/exchange.ts';
import { RegistryClient } from '../../src/upstream/registry-client.ts';
import { registryOf } from './poll-rig.ts';

/** A client of this registry alone, with a budget that holds nothing back. Close it. */
export function registryClient(host: string, more: Partial<RegistryOptions> = {}): RegistryClient {
  return new RegistryClient(registryOf(host, more), {
    exchange: createExchange({ connections: 16, clock: systemClock }),
    budget: createMemoryBudget(2_000, systemClock),
    clock: systemClock,
    random: () => 0.5,
    requests: { inc() {} },
    onPressure() {},
    onRemaining() {},
  });
}
