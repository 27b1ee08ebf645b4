/** The herd without simulation: the real gateway, real subscribers, real HEADs, with fewer clients. */
import { fileURLToPath } from 'node:url';
import { Child } from '../bench/child.ts';
import { hrMs } from '../bench/control.ts';
import { type Gateway, startGateway } from '../bench/gateway.ts';
import type { Collect, FromClients, FromRegistry, Gather } from './messages.ts';
import type { StrategyName } from './strategies.ts';

/** Wait beyond the window over which the deliveries are spread, ms. */
const timeoutMs = 60_000;

export interface RealHerd {
  readonly clients: number;
  /** R while paced. It also sets the window of the random jitter. */
  readonly ratePerSecond: number;
}

/** Arrivals of all HEADs at the registry, ms after the publish. */
export async function realArrivalsMs(strategy: StrategyName, herd: RealHerd): Promise<readonly number[]> {
  const registry: Child<Collect, FromRegistry> = start('registry', './registry.ts', 0);
  const clients: Child<Gather, FromClients> = start('clients', './clients.ts', 1);
  let gateway: Gateway | null = null;
  try {
    const listening = await registry.next('listening', timeoutMs);
    gateway = await startGateway({
      transport: 'sse',
      paced: strategy === 'paced',
      core: 0,
      ledger: 'sqlite',
      access: 'open',
      configuration: { pace: { deliveriesPerSecond: herd.ratePerSecond, burst: 0, allowNone: true } },
    });
    const windowMs = (herd.clients * 1000) / herd.ratePerSecond;
    const gathered = clients.next('gathered', timeoutMs);
    clients.send({
      kind: 'gather',
      clients: herd.clients,
      gatewayPort: gateway.port,
      registryPort: listening.port,
      request: gateway.dialogue.request,
      readyMarker: gateway.dialogue.readyMarker,
      jitterMs: strategy === 'random jitter' ? windowMs : 0,
    });
    await gathered;
    const asked = clients.next('asked', windowMs + timeoutMs);
    const publishedAt = hrMs();
    await Promise.all([gateway.publish(), asked]);
    const collected = registry.next('collected', timeoutMs);
    registry.send({ kind: 'collect' });
    return Array.from((await collected).at, (at) => at - publishedAt);
  } finally {
    await Promise.all([clients.close(), registry.close(), gateway?.close()]);
  }
}

function start<Out extends object, In extends { readonly kind: string }>(
  name: string,
  script: string,
  core: number,
) {
  return new Child<Out, In>(name, { args: [fileURLToPath(new URL(script, import.meta.url))], core });
}
