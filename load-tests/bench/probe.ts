/**
 * Loaded into every server with `node --import`, ours included, so that stalls are measured alike and from
 * within. Costs nothing while nobody watches: its timer would otherwise show in the idle figure.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { FromServer, ToServer } from './control.ts';
import { watchHolds } from './holds.ts';

const delay = monitorEventLoopDelay({ resolution: 1 });
let stopHolds: (() => Promise<number>) | null = null;

process.on('message', (message: ToServer) => {
  if (message.kind === 'collect') {
    globalThis.gc?.();
    const collected: FromServer = { kind: 'collected' };
    process.send?.(collected);
    return;
  }
  if (message.kind === 'watch-holds') {
    stopHolds = watchHolds();
    return;
  }
  if (message.kind === 'longest-hold') {
    void stopHolds?.().then((maxMs) => {
      const hold: FromServer = { kind: 'hold', maxMs };
      process.send?.(hold);
    });
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
