/**
 * Loaded into every server with `node --import`, ours included, so that stalls are measured alike and from
 * within. Costs nothing while nobody watches: its timer would otherwise show in the idle figure.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { FromServer, ToServer } from './control.ts';

const delay = monitorEventLoopDelay({ resolution: 1 });

process.on('message', (message: ToServer) => {
  if (message.kind === 'collect') {
    globalThis.gc?.();
    const collected: FromServer = { kind: 'collected' };
    process.send?.(collected);
    return;
  }
  if (message.kind !== 'watch-stalls') return;
  if (message.on) {
    delay.reset();
    delay.enable();
    return;
  }
  delay.disable();
  const stall: FromServer = { kind: 'stall', maxMs: delay.max / 1e6 };
  process.send?.(stall);
});
// A server that ends by itself must not be kept alive by us.
process.channel?.unref();
